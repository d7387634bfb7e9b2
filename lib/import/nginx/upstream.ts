import { durationOf, readTimeMs } from "../durations.ts";
import type { Notes } from "../note.ts";
import { YamlMap, yamlMap, type YamlValue } from "../yaml_map.ts";
import { type Directive, lastDirective } from "./directives.ts";

/** A group of targets, and what an app says of them. */
export interface UpstreamDraft {
  readonly name: string;
  readonly targets: readonly YamlValue[];
  readonly options: YamlMap;
}

/** nginx lists a server whose name is resolved again by its own directive. */
interface ServerFacts {
  readonly target: YamlValue;
  readonly maxFails: number;
  readonly failMs: number;
  readonly slowStart: string | undefined;
  readonly isResolved: boolean;
}

/** nginx's: one failed connect takes a server out for 10 s. */
const FAIL_MS = 10_000;

/** Directives of `upstream` without an effect here. */
const NOTHING_TO_DO = new Set([
  "server",
  "zone",
  "resolver",
  "resolver_timeout",
  "least_conn",
  "random",
  "hash",
  "state",
]);

/** Reads an `upstream` block. */
export function readUpstream(
  { args: [name = ""], inner = [], line }: Directive,
  { outer, notes }: { readonly outer: readonly Directive[]; readonly notes: Notes },
): UpstreamDraft {
  const servers = inner.filter((each) => each.name === "server").flatMap((each) => readServer(each, notes));
  for (const each of inner) {
    if (!NOTHING_TO_DO.has(each.name)) {
      notes.leftOut(each.line, `upstream … ${each.name}: not known here; see whether the app needs it`);
    }
  }
  const options = strategyOf(inner, notes);
  options.set("slow_start", servers.find(({ slowStart }) => slowStart !== undefined)?.slowStart);
  options.set("passive_health", passiveHealth(servers));
  if (servers.some(({ isResolved }) => isResolved)) {
    options.set("dns", dnsOf(lastDirective(inner, "resolver") ?? lastDirective(outer, "resolver"), notes));
  }
  if (servers.length === 0) {
    notes.leftOut(line, `upstream ${name}: it has no server that could be translated`);
  }
  return { name, targets: servers.map(({ target }) => target), options };
}

/** A single address as a group: `proxy_pass` may name one. */
export function upstreamOf(address: string): UpstreamDraft | undefined {
  const target = targetAddress(address);
  return target === undefined ? undefined : { name: "", targets: [target], options: new YamlMap() };
}

function strategyOf(inner: readonly Directive[], notes: Notes): YamlMap {
  const options = new YamlMap();
  const directive = inner.findLast(({ name }) => ["least_conn", "random", "hash"].includes(name));
  if (directive === undefined) return options.set("balance", "round_robin");
  const { name, args: [first = ""], line } = directive;
  if (name === "least_conn") return options.set("balance", "least_connections");
  if (name === "random") return options.set("balance", first === "two" ? "random_two" : "random");
  if (/^\$(?:binary_)?remote_addr$/.test(first) || first === "$proxy_protocol_addr") {
    return options.set("balance", "source_hash");
  }
  if (first === "$ssl_preread_server_name" || first === "$ssl_server_name") {
    return options.set("balance", "source_hash").set("hash_key", "sni");
  }
  notes.leftOut(line, `hash ${first}: only addresses and server names can be hashed; the targets take turns`);
  return options.set("balance", "round_robin");
}

function readServer({ line, args: [address = "", ...params] }: Directive, notes: Notes): ServerFacts[] {
  const target = targetAddress(address);
  let isResolved = false;
  let service: string | undefined;
  let maxFails = 1;
  let failMs = FAIL_MS;
  let slowStart: string | undefined;
  const options = new YamlMap();
  for (const param of params) {
    const [key = "", value = ""] = param.split("=");
    if (key === "weight") options.set("weight", Math.min(256, Math.max(0, wholeNumber(value) ?? 1)));
    else if (key === "max_conns") options.set("max_connections", wholeNumber(value) || undefined);
    else if (key === "max_fails") maxFails = wholeNumber(value) ?? 1;
    else if (key === "fail_timeout") failMs = readTimeMs(value, "s") ?? FAIL_MS;
    else if (key === "backup") options.set("backup", true);
    else if (key === "down") options.set("weight", 0);
    else if (key === "resolve") isResolved = true;
    else if (key === "service") service = value;
    else if (key === "slow_start") {
      const ms = readTimeMs(value, "s");
      if (ms !== undefined && ms > 0) slowStart = durationOf(ms);
    } else notes.leftOut(line, `server … ${key}: not known here; see whether the target needs it`);
  }
  const found = service === undefined ? target : srvName(service, address);
  if (found === undefined) {
    notes.leftOut(line, `server ${address}: no such address here; add the target to the app`);
    return [];
  }
  const discover = service !== undefined ? "srv" : isResolved ? "dns" : undefined;
  const entries = [...yamlMap({ discover }).entries, ...options.entries];
  if (options.get("weight") === 1) entries.splice(entries.findIndex(({ key }) => key === "weight"), 1);
  const draft = new YamlMap().set("address", found);
  for (const { key, value } of entries) draft.set(key, value);
  if (params.includes("down")) {
    draft.comments.push("down in the original: without weight, nothing goes there");
  }
  return [{
    target: draft.size === 1 && draft.comments.length === 0 ? found : draft,
    maxFails,
    failMs,
    slowStart,
    isResolved: isResolved || service !== undefined,
  }];
}

function srvName(service: string, host: string): string {
  return service.includes(".") ? `${service}.${host}` : `_${service.replace(/^_/, "")}._tcp.${host}`;
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** An address of a server. */
export function targetAddress(text: string): string | undefined {
  const unix = /^unix:(\/.+)$/.exec(text);
  if (unix !== null) return `unix:${unix[1]}`;
  const match = /^([\w.-]+|\[[0-9a-fA-F:.]+\]):(\d{1,5})$/.exec(text);
  return match === null ? undefined : text;
}

function passiveHealth(servers: readonly ServerFacts[]): YamlMap | undefined {
  const failing = servers.filter(({ maxFails }) => maxFails > 0);
  // One server is never taken out.
  if (servers.length < 2 || failing.length === 0) return undefined;
  const failures = Math.max(...failing.map(({ maxFails }) => maxFails));
  const time = durationOf(Math.max(1000, ...failing.map(({ failMs }) => failMs)));
  return yamlMap({
    failures: Math.min(failures, 1000),
    window: time,
    ["eject_for"]: time,
    ["max_ejected"]: "100%",
  });
}

/** `resolver ADDRESS … [valid=TIME]`. */
export function dnsOf(directive: Directive | undefined, notes: Notes): YamlMap | undefined {
  if (directive === undefined) return undefined;
  const addresses = directive.args.filter((arg) => !arg.includes("="));
  const [first = "", ...others] = addresses;
  if (others.length > 0) {
    notes.leftOut(
      directive.line,
      `resolver ${others.join(" ")}: an app asks one nameserver; put a local resolver before several`,
    );
  }
  const withPort = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:]+\])$/.test(first) ? `${first}:53` : first;
  const valid = directive.args.find((arg) => arg.startsWith("valid="))?.slice(6);
  const ms = valid === undefined ? undefined : readTimeMs(valid, "s");
  const isAddress = /^(?:[\d.]+|\[[0-9a-fA-F:]+\]):\d+$/.test(withPort);
  if (!isAddress) {
    notes.leftOut(directive.line, `resolver ${first}: expected an IP address in "dns.nameserver"`);
  }
  const dns = yamlMap({
    nameserver: isAddress ? withPort : undefined,
    interval: ms === undefined ? undefined : durationOf(Math.max(1000, ms)),
  });
  return dns.size === 0 ? undefined : dns;
}
