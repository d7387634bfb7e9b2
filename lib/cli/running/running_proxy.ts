import { formatAddress, type TcpAddress } from "../../base/mod.ts";
import type { AdminClient } from "../../admin/mod.ts";
import type { Config } from "../../config/mod.ts";
import { type CommandArgs, CONFIG_FLAG, type Flag, UsageError } from "../command.ts";
import { findConfig } from "../config/find_config.ts";
import { readConfig } from "../config/read_config.ts";
import type { RemoteProxy } from "./remote_proxy.ts";

/** The flags of every command that may ask a proxy that runs. */
export const RUNNING_FLAGS: readonly Flag[] = [
  { name: "running", summary: 'Ask the proxy that runs with this config; needs "admin" in it' },
  { name: "url", value: "URL", summary: "Ask the proxy whose admin API is there: http://127.0.0.1:9900" },
  { name: "token-file", value: "FILE", summary: "The file of the token that the admin API of --url wants" },
];

/** The flags of a command that always asks a running proxy. */
export const REMOTE_FLAGS: readonly Flag[] = [
  CONFIG_FLAG,
  ...RUNNING_FLAGS.filter(({ name }) => name !== "running"),
];

/** How help says where such a command finds its proxy. */
export const REMOTE_DETAILS =
  `Asks the admin API that the config names ("admin"), that of --url or, without a config, http://127.0.0.1:9900.`;

/**
 * The running proxy that a command asks: that of --url, of the config, or the one at the default address.
 *
 * @throws {UsageError} when the flags do not say which; \`ConfigError\` when the config cannot be used.
 */
export async function remoteProxy(
  command: string,
  args: CommandArgs,
  { timeoutMs }: { readonly timeoutMs?: number } = {},
): Promise<RemoteProxy> {
  const client = await readRunning(command, args, { isImplied: true, timeoutMs });
  if (client === undefined) throw new UsageError(`${command}: no proxy to ask; add --url URL`);
  const { RemoteProxy } = await import("./remote_proxy.ts");
  return new RemoteProxy(client);
}

/**
 * The proxy that a command is to ask; `undefined` where it is to read a config alone.
 *
 * @param command its name, for messages.
 * @param options `isImplied` where the command asks a running proxy in any case, without `--running`;
 * `timeoutMs`: how long each request may take, default that of the client.
 * @throws {UsageError} when the flags do not say which; `ConfigError` when the config cannot be used.
 */
export async function readRunning(
  command: string,
  args: CommandArgs,
  { isImplied = false, timeoutMs }: {
    readonly isImplied?: boolean;
    readonly timeoutMs?: number | undefined;
  } = {},
): Promise<AdminClient | undefined> {
  const [url, tokenFile] = [args.text("url"), args.text("token-file")];
  if (url === undefined) {
    if (tokenFile !== undefined) {
      throw new UsageError(`${command}: --token-file needs --url`);
    }
    return isImplied || args.on("running")
      ? await clientFor(await adminOf(command, args, isImplied), timeoutMs)
      : undefined;
  }
  for (const flag of ["running", "config"]) {
    const isGiven = flag === "running" && !isImplied ? args.on(flag) : args.text("config") !== undefined;
    if (!isGiven) continue;
    throw new UsageError(`${command}: --url and --${flag} exclude each other; give one of them`);
  }
  return await clientFor({ command, url: readUrl(command, url), tokenFile }, timeoutMs);
}

/** A proxy, and the file of its token. */
interface Place {
  readonly command: string;
  readonly url: URL;
  readonly tokenFile: string | undefined;
}

/** Where the admin API is unless a config says otherwise. */
const DEFAULT_URL = "http://127.0.0.1:9900";

/**
 * The admin API of the config that the flags name.
 *
 * @param isImplied whether it is the one at the default address where there is no config.
 * @throws {UsageError} when the config has none.
 */
export async function adminOf(command: string, args: CommandArgs, isImplied = false): Promise<Place> {
  const path = args.text("config");
  if (isImplied && path === undefined && !await isConfigHere()) {
    return { command, url: new URL(DEFAULT_URL), tokenFile: undefined };
  }
  const { admin } = await configOf(command, path);
  if (admin === undefined) {
    throw new UsageError(`${command}: the config has no "admin"; add it, or give --url`);
  }
  return {
    command,
    url: new URL(`http://${formatAddress(reachable(admin.listen))}`),
    tokenFile: admin.tokenFile,
  };
}

/** Reads the config that has the address. The proxy runs on with the one before, and can be asked without. */
async function configOf(command: string, path: string | undefined): Promise<Config> {
  try {
    return (await readConfig(path)).config;
  } catch (error) {
    // By name: see `run_cli.ts`.
    if (!(error instanceof Error) || error.name !== "ConfigError") throw error;
    const words =
      `${command}: the config cannot be used, so it does not say where the proxy is; correct it, or give --url`;
    throw new UsageError(`${words}\n${error.message}`);
  }
}

/** Whether there is a config to read the address from, in this folder. */
async function isConfigHere(): Promise<boolean> {
  try {
    return (await findConfig(undefined)).kind !== "embedded";
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}

/** A wildcard is reached on loopback. */
function reachable(address: TcpAddress): TcpAddress {
  const host = address.host === "0.0.0.0" ? "127.0.0.1" : address.host === "::" ? "::1" : address.host;
  return { ...address, host };
}

async function clientFor({ command, url, tokenFile }: Place, timeoutMs?: number): Promise<AdminClient> {
  const { AdminClient, readToken, TokenError } = await import("../../admin/mod.ts");
  try {
    const token = tokenFile === undefined ? undefined : await readToken(tokenFile);
    return new AdminClient({ url, token, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  } catch (error) {
    throw error instanceof TokenError ? new UsageError(`${command}: ${error.message}`) : error;
  }
}

/** The proxy whose admin API is at a URL. @throws {UsageError} when the URL or the token cannot be used. */
export async function askAt(
  place: { readonly command: string; readonly url: string; readonly tokenFile: string | undefined },
): Promise<AdminClient> {
  return await clientFor({ ...place, url: readUrl(place.command, place.url) });
}

function readUrl(command: string, text: string): URL {
  const url = URL.parse(text);
  const isUsable = url !== null && (url.protocol === "http:" || url.protocol === "https:") &&
    url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (isUsable) return url;
  throw new UsageError(`${command}: the URL is "${text}"; expected one such as http://127.0.0.1:9900`);
}
