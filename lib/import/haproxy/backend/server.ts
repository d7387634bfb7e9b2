import { parseIp } from "../../../base/mod.ts";
import type { Notes } from "../../note.ts";
import { YamlMap } from "../../yaml_map.ts";
import type { ConfigLine } from "../lines.ts";
import { ServerOptions } from "./server_options.ts";
import type { Paths } from "../tls_words.ts";

/** One server of a backend, as far as a target can be like it. */
export interface ServerDraft {
  readonly line: number;
  readonly name: string;
  readonly address: string;
  readonly weight: number | undefined;
  readonly isDisabled: boolean;
  readonly isBackup: boolean;
  readonly maxConnections: number | undefined;
  readonly proxyProtocol: "v1" | "v2" | undefined;
  readonly discover: "dns" | "srv" | undefined;
  readonly resolvers: string | undefined;
  /** Intervals and thresholds of its checks; `undefined` when it is not checked. */
  readonly check: YamlMap | undefined;
  readonly tls: YamlMap | undefined;
  readonly slowStart: string | undefined;
  readonly closesOnDown: boolean;
  /** Failures of real connections that take it out. */
  readonly observedFailures: number | undefined;
  readonly tlvs: readonly string[];
  /** The address that it is dialed from, and whether that is the client's: the words of `source` and `usesrc`. */
  readonly source: string | undefined;
  readonly usesrc: string | undefined;
}

/** Reads a backend's servers, with what `default-server` says before each. */
export function readServers(
  lines: readonly ConfigLine[],
  { notes, paths }: { readonly notes: Notes; readonly paths: Paths },
): ServerDraft[] {
  const defaults: ConfigLine[] = [];
  const servers: ServerDraft[] = [];
  for (const each of lines) {
    const [keyword, name = "", second = "", third = ""] = each.words;
    if (keyword === "default-server") defaults.push(each);
    if (keyword !== "server" && keyword !== "server-template") continue;
    const isTemplate = keyword === "server-template";
    const address = isTemplate ? third : second;
    const options = new ServerOptions();
    for (const { line, words } of defaults) options.read(words.slice(1), { line, notes, paths });
    options.read(each.words.slice(isTemplate ? 4 : 3), { line: each.line, notes, paths });
    const server = draftOf({ line: each.line, name, address, isTemplate }, options, notes);
    if (server !== undefined) servers.push(server);
  }
  return servers;
}

function draftOf(
  { line, name, address, isTemplate }: {
    readonly line: number;
    readonly name: string;
    readonly address: string;
    readonly isTemplate: boolean;
  },
  options: ServerOptions,
  notes: Notes,
): ServerDraft | undefined {
  const isSrv = /^_[^.]+\._[^.]+\./.test(address);
  const target = isSrv ? address.replace(/:\d+$/, "") : targetAddress(address);
  if (target === undefined) {
    notes.leftOut(line, `server ${name} ${address}: no such address here; add the target to the app`);
    return undefined;
  }
  if (isTemplate && target.endsWith(":*")) {
    notes.leftOut(line, `server-template ${name} without a port: add the target with its port`);
    return undefined;
  }
  const isName = /[a-z]/i.test(target.replace(/^\[.*\]|^unix:/, "")) && !target.startsWith("[");
  const isFollowed = isTemplate || (options.resolvers !== undefined && isName && !target.startsWith("unix:"));
  const discover = isSrv ? "srv" : isFollowed ? "dns" : undefined;
  if (isTemplate && options.maxConnections !== undefined) {
    notes.changed(line, "maxconn: applies to each target that is found");
  }
  return {
    line,
    name,
    address: target,
    weight: options.weight,
    isDisabled: options.isDisabled,
    isBackup: options.isBackup,
    maxConnections: options.maxConnections,
    proxyProtocol: options.proxyProtocol,
    discover,
    resolvers: options.resolvers,
    check: options.isChecked ? checkOf(options) : undefined,
    tls: options.isTls ? tlsOf(options, line, notes) : undefined,
    slowStart: options.slowStart,
    closesOnDown: options.closesOnDown,
    observedFailures: options.observes ? options.errorLimit : undefined,
    tlvs: options.tlvs,
    source: options.source,
    usesrc: options.usesrc,
  };
}

/** The address of a server; one without a port has that of the client's connection. */
function targetAddress(text: string): string | undefined {
  const unix = /^(?:unix@)?(\/.+)$/.exec(text);
  if (unix !== null) return `unix:${unix[1]}`;
  if (/^\w+@/.test(text) && !/^(?:ipv4|ipv6|tcp|tcp4|tcp6)@/.test(text)) return undefined;
  const bare = text.replace(/^(?:ipv4|ipv6|tcp|tcp4|tcp6)@/, "");
  const bracketed = /^\[([0-9a-fA-F:.]+)\](?::(\d{1,5}))?$/.exec(bare);
  if (bracketed !== null) return `[${bracketed[1]}]:${bracketed[2] ?? "*"}`;
  // The last colon ends the address, of IPv6 too.
  const match = /^([\w.:${}-]*?)(?::(\d{1,5}|\$\{[^}]+\})?)?$/.exec(bare);
  const [, host = "", port] = match ?? [];
  const isIpv6 = host.includes(":") && !host.includes("$");
  if (match === null || host === "" || host === "*" || (isIpv6 && parseIp(host) === undefined)) {
    return undefined;
  }
  return `${isIpv6 ? `[${host}]` : host}:${port === "0" ? "*" : port ?? "*"}`;
}

function checkOf({ check, checksTls, isTls }: ServerOptions): YamlMap {
  const draft = new YamlMap()
    // HAProxy's defaults, which are not ours.
    .set("interval", check.get("interval") ?? "2s")
    .set("rise", check.get("rise") ?? 2)
    .set("fall", check.get("fall") ?? 3);
  draft.set("port", check.get("port"));
  // A check on the server's own port speaks TLS where its traffic does.
  if (checksTls || (isTls && check.get("port") === undefined)) draft.set("tls", true);
  return draft;
}

function tlsOf({ tls, verify }: ServerOptions, line: number, notes: Notes): YamlMap {
  const draft = new YamlMap();
  for (const { key, value } of tls.entries) draft.set(key, value);
  if (verify === "none") draft.set("verify", false);
  else if (tls.get("server_name") === undefined && tls.get("pass_server_name") === undefined) {
    notes.changed(
      line,
      'HAProxy verifies no name here, this proxy does: set "target_tls.server_name" to a name of the certificate',
    );
  }
  return draft;
}
