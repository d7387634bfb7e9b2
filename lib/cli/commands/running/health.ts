import { type Command, type CommandArgs, CONFIG_FLAG, UsageError } from "../../command.ts";
import { EXIT } from "../../exit_code.ts";
import type { Io } from "../../io.ts";
import { adminOf, askAt } from "../../running/running_proxy.ts";

/** `tcpproxy health`: whether a running proxy is ready, as an exit code. */
export const health: Command = {
  name: "health",
  summary: "Ask a running proxy whether it is ready; the exit code tells",
  usage: "[-c FILE | --url URL] [--live]",
  details:
    `For containers and scripts: exit code 0 when it is ready, 1 when it starts, drains or does not answer within 5 s.
Needs "admin" in the proxy's config, and no token.`,
  arity: [0, 0],
  flags: [
    CONFIG_FLAG,
    { name: "url", value: "URL", summary: "The proxy's admin API; default that of the config" },
    { name: "live", summary: "Ask whether its threads are alive, ready or not" },
    { name: "quiet", short: "q", summary: "Print nothing when all is well" },
  ],
  example: "tcpproxy health --url http://127.0.0.1:9900",
  run: askHealth,
};

async function askHealth(args: CommandArgs, io: Io): Promise<number> {
  const url = args.text("url");
  if (url !== undefined && args.text("config") !== undefined) {
    throw new UsageError("health: --url and --config exclude each other; give one of them");
  }
  // Both paths are open: a health check need not read the token.
  const { url: { href } } = url === undefined ? await adminOf("health", args) : { url: { href: url } };
  const proxy = await askAt({ command: "health", url: href, tokenFile: undefined });
  const isLive = args.on("live");
  await proxy.request("GET", isLive ? "healthz" : "readyz");
  if (!args.on("quiet")) await io.print(isLive ? "alive" : "ready");
  return EXIT.done;
}
