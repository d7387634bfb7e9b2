import type { Notes } from "../../note.ts";
import { YamlMap, yamlMap } from "../../yaml_map.ts";
import { durationOf, readTimeMs } from "../../durations.ts";
import type { BackendDraft } from "./backend.ts";
import { lastLine, type Section } from "../sections.ts";
import { setSource } from "../../source.ts";
import { timeoutMs } from "../timeouts.ts";

/** The options of an app that come from its backends. */
export interface TargetOptions {
  readonly check: YamlMap | undefined;
  readonly send: string;
  readonly options: YamlMap;
}

/**
 * What backends say of their targets is said once for an app of ours. The first backend's stands; what another says
 * differently is a note.
 */
export function targetOptions(
  backends: readonly BackendDraft[],
  { resolvers, notes }: { readonly resolvers: readonly Section[]; readonly notes: Notes },
): TargetOptions {
  const [first] = backends;
  const options = new YamlMap();
  if (first === undefined) return { check: undefined, send: "off", options };
  const own = optionsOf(first, { resolvers, notes });
  // One server needs no strategy.
  let isChosen = first.servers.length > 1;
  for (const other of new Set(backends.slice(1))) {
    if (other === first) continue;
    const theirs = optionsOf(other, { resolvers, notes });
    for (const key of [...FILLING, ...isChosen || other.servers.length < 2 ? [] : CHOOSING]) {
      if (own.get(key) === undefined || CHOOSING.includes(key)) own.set(key, theirs.get(key));
    }
    const ignored = other.servers.length < 2 || !isChosen ? CHOOSING : [];
    isChosen ||= other.servers.length > 1;
    const differing = differences(own, theirs)
      .filter((key) => !ignored.includes(key) && !(FILLING.includes(key) && theirs.get(key) === undefined));
    if (differing.length === 0) continue;
    notes.leftOut(
      other.section.line,
      `backend ${other.section.name}: ${
        differing.join(", ")
      } differ from those of ${first.section.name}, which apply ` +
        "to all routes of an app; give it an app of its own, behind a loopback port, or make them alike",
    );
  }
  for (const { key, value } of own.entries) options.set(key, value);
  return {
    check: backends.flatMap((backend) => backend.servers.map((server) => backend.checkOf(server)))
      .find((check) => check !== undefined),
    send: first.servers[0]?.proxyProtocol ?? "off",
    options,
  };
}

/** Keys that only some backends need, and that hurt none. */
const FILLING = ["dns", "queue_timeout", "passive_health"];

/** Keys that say how one of several servers is chosen. */
const CHOOSING = ["balance", "hash_key"];

function differences(a: YamlMap, b: YamlMap): string[] {
  const keys = new Set([...a.entries, ...b.entries].map(({ key }) => key));
  return [...keys].filter((key) => !yamlMap({ v: a.get(key) }).equals(yamlMap({ v: b.get(key) })));
}

function optionsOf(
  backend: BackendDraft,
  { resolvers, notes }: { readonly resolvers: readonly Section[]; readonly notes: Notes },
): YamlMap {
  const { servers, balance, lines } = backend;
  const options = new YamlMap()
    .set("balance", balance.balance)
    .set("hash_key", balance.hashKey);
  const tls = servers.find((server) => server.tls !== undefined)?.tls;
  if (tls !== undefined) {
    const other = servers.find((server) => server.tls === undefined || !server.tls.equals(tls));
    if (other !== undefined) {
      notes.leftOut(
        other.line,
        `server ${other.name}: TLS is the same for all targets of an app; put it into another app`,
      );
    }
    options.set("target_tls", tls);
  }
  const queueMs = timeoutMs(lines, "queue") ?? timeoutMs(lines, "connect");
  if (servers.some((server) => server.maxConnections !== undefined) && queueMs !== undefined) {
    options.set("queue_timeout", durationOf(queueMs));
  }
  const slowStarts = servers.map((server) => server.slowStart).filter((time) => time !== undefined);
  options.set("slow_start", slowStarts[0]);
  const uneven = servers.find((server) =>
    server.slowStart !== undefined && server.slowStart !== slowStarts[0]
  );
  if (uneven !== undefined) {
    notes.changed(uneven.line, `server ${uneven.name}: "slow_start" is the same for all targets of an app`);
  }
  if (servers.some((server) => server.closesOnDown)) options.set("on_target_down", "close");
  const observed = servers.find((server) => server.observedFailures !== undefined)?.observedFailures;
  if (observed !== undefined) {
    options.set("passive_health", yamlMap({ failures: Math.max(1, Math.min(1000, observed)) }));
  }
  options.set("dns", dnsOf(backend, { resolvers, notes }));
  readSource(backend, options, notes);
  return options;
}

/** Where targets are dialed from: as a server says, or its backend. */
function readSource({ servers, lines }: BackendDraft, options: YamlMap, notes: Notes): void {
  const own = servers.find((server) => server.source !== undefined);
  const line = lastLine(lines, "source");
  const address = own?.source ?? line?.words[1];
  if (address === undefined) return;
  const usesrc = own?.usesrc ?? line?.words[(line.words.indexOf("usesrc") + 1) || -1];
  const place = own?.line ?? line?.line ?? 0;
  const isClient = usesrc === "clientip" || usesrc === "client";
  setSource(options, { address: isClient ? address : usesrc ?? address, isClient, line: place, notes });
  const other = servers.find((server) => own !== undefined && server.source !== address);
  if (other !== undefined) {
    notes.changed(other.line, `server ${other.name}: "source" is the same for all targets of an app`);
  }
}

/** The resolver of the servers that are looked up. */
function dnsOf(
  { servers }: BackendDraft,
  { resolvers, notes }: { readonly resolvers: readonly Section[]; readonly notes: Notes },
): YamlMap | undefined {
  const server = servers.find((server) => server.discover !== undefined && server.resolvers !== undefined);
  if (server === undefined) return undefined;
  const section = resolvers.find(({ name }) => name === server.resolvers);
  if (section === undefined) {
    notes.leftOut(
      server.line,
      `resolvers ${server.resolvers}: there is no such section; the system's resolver is asked`,
    );
    return undefined;
  }
  const nameservers = section.lines.filter(({ words: [keyword] }) => keyword === "nameserver");
  const [first, ...others] = nameservers;
  for (const { line, words } of others) {
    notes.leftOut(
      line,
      `nameserver ${words[1] ?? ""}: an app asks one nameserver; put a local resolver before several`,
    );
  }
  const address = (first?.words[2] ?? "").replace(/^(?:ipv4|ipv6|udp|udp4|udp6|tcp)@/, "");
  const hold = section.lines.find(({ words }) => words[0] === "hold" && words[1] === "valid")?.words[2];
  const intervalMs = hold === undefined ? undefined : readTimeMs(hold, "ms");
  const dns = new YamlMap();
  if (/^(?:[\d.]+|\[[0-9a-fA-F:]+\]):\d+$/.test(address)) dns.set("nameserver", address);
  else if (first !== undefined) {
    notes.leftOut(first.line, `nameserver ${address}: expected an IP address and a port`);
  }
  if (intervalMs !== undefined) dns.set("interval", durationOf(Math.max(1000, intervalMs)));
  return dns.size === 0 ? undefined : dns;
}
