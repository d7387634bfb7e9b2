import { durationOf } from "../../durations.ts";
import type { Notes } from "../../note.ts";
import { YamlMap, yamlMap, type YamlValue } from "../../yaml_map.ts";
import { type BalanceDraft, readBalance } from "./balance.ts";
import { readCheck } from "./check.ts";
import type { ConfigLine } from "../lines.ts";
import { effectiveLines, lastLine, type Section } from "../sections.ts";
import { readServers, type ServerDraft } from "./server.ts";
import { timeoutMs } from "../timeouts.ts";
import type { Paths } from "../tls_words.ts";

/** A backend: where connections go, and what an app says of them. */
export interface BackendDraft {
  readonly section: Section;
  readonly lines: readonly ConfigLine[];
  readonly balance: BalanceDraft;
  readonly servers: readonly ServerDraft[];
  /** The whole check of a server that is checked. */
  checkOf(server: ServerDraft): YamlMap | undefined;
}

/** Reads the servers of a section, and how they are chosen and checked. */
export function readBackend(
  section: Section,
  { notes, paths }: { readonly notes: Notes; readonly paths: Paths },
): BackendDraft {
  const lines = effectiveLines(section);
  const servers = readServers(lines, { notes, paths });
  const sticks = lastLine(section.lines, "stick", "on") ?? lastLine(section.lines, "stick", "match");
  let balance = readBalance(lastLine(lines, "balance"), notes);
  if (sticks !== undefined) {
    if (/^src\b/.test(sticks.words[2] ?? "")) {
      notes.changed(
        sticks.line,
        `${sticks.words.slice(0, 3).join(" ")}: clients keep a target by "source_hash", without a table`,
      );
      balance = { balance: "source_hash" };
    } else {
      notes.leftOut(
        sticks.line,
        `${sticks.words.slice(0, 3).join(" ")}: only addresses and server names can be hashed`,
      );
    }
  }
  const isChecked = servers.some(({ check }) => check !== undefined);
  const protocol = isChecked ? readCheck(lines, notes) : new YamlMap();
  const timeout = timeoutMs(lines, "check");
  return {
    section,
    lines,
    balance,
    servers,
    checkOf: ({ check }) => check === undefined ? undefined : wholeCheck(check, protocol, timeout),
  };
}

/** Our default limit of a check. */
const CHECK_TIMEOUT_MS = 2000;

function wholeCheck(own: YamlMap, protocol: YamlMap, timeout: number | undefined): YamlMap {
  const interval = own.get("interval");
  const intervalMs = msOf(interval);
  const check = new YamlMap().set("interval", interval);
  const limitMs = Math.min(timeout ?? CHECK_TIMEOUT_MS, intervalMs);
  if (limitMs !== CHECK_TIMEOUT_MS) check.set("timeout", durationOf(limitMs));
  for (const { key, value } of [...own.entries, ...protocol.entries]) {
    // The port that the check's own lines name wins.
    if (key !== "interval") check.set(key, value);
  }
  return check;
}

/** What {@link durationOf} has made. */
function msOf(duration: YamlValue | undefined): number {
  const match = /^(\d+)(ms|s|m|h)$/.exec(String(duration));
  const factor = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match?.[2] ?? "ms"] ?? 1;
  return match === null ? CHECK_TIMEOUT_MS : Number(match[1]) * factor;
}

/** What an app says of a target, where that is not what it says of all. */
export interface TargetContext {
  /** The app's own check. */
  readonly check: YamlMap | undefined;
  /** The PROXY header that the app sends. */
  readonly send: string;
}

/** The targets of a backend. */
export function targetsOf(backend: BackendDraft, context: TargetContext): YamlValue[] {
  return backend.servers.map((server) => targetOf(server, backend, context));
}

function targetOf(server: ServerDraft, backend: BackendDraft, { check, send }: TargetContext): YamlValue {
  const own = server.proxyProtocol ?? "off";
  const options = yamlMap({
    discover: server.discover,
    weight: server.isDisabled ? 0 : server.weight === 1 ? undefined : weightOf(server.weight),
    backup: server.isBackup || undefined,
    ["max_connections"]: server.maxConnections,
    ["proxy_protocol"]: own === send ? undefined : own,
    ["health_check"]: checkOverride(backend.checkOf(server), check, server),
  });
  if (options.size === 0) return server.address;
  const target = new YamlMap().set("address", server.address);
  for (const { key, value } of options.entries) target.set(key, value);
  if (server.isDisabled) {
    target.comments.push(`${server.name} is disabled in the original: without weight, nothing goes there`);
  }
  return target;
}

function weightOf(weight: number | undefined): number | undefined {
  return weight === undefined ? undefined : Math.min(256, weight);
}

/** A check as an app has it: what our defaults say already is left out. */
export function withoutDefaults(check: YamlMap): YamlMap {
  const short = new YamlMap();
  for (const { key, value } of check.entries) {
    if (!(key === "rise" && value === 2) && !(key === "fall" && value === 3)) short.set(key, value);
  }
  return short;
}

/** What a target's check says differently from the app's. */
function checkOverride(
  own: YamlMap | undefined,
  app: YamlMap | undefined,
  server: ServerDraft,
): YamlValue | undefined {
  if (own === undefined) return app === undefined ? undefined : "off";
  if (app === undefined) return withoutDefaults(own);
  const override = new YamlMap();
  for (const { key, value } of own.entries) {
    if (!sameValue(app.get(key), value)) override.set(key, value);
  }
  for (const { key } of app.entries) {
    if (own.get(key) !== undefined) continue;
    if (key === "port") override.set("port", Number(/:(\d+)$/.exec(server.address)?.[1]) || undefined);
    else if (key === "tls") override.set("tls", false);
    else if (key === "timeout") override.set("timeout", "2s");
  }
  if (hasProtocol(app) && !hasProtocol(own)) override.set("type", "tcp");
  return override.size === 0 ? undefined : override;
}

const PROTOCOL_KEYS = ["type", "send", "expect", "expect_not", "steps", "http"];

function hasProtocol(check: YamlMap): boolean {
  return PROTOCOL_KEYS.some((key) => check.get(key) !== undefined);
}

function sameValue(a: YamlValue | undefined, b: YamlValue): boolean {
  return a !== undefined && yamlMap({ a }).equals(yamlMap({ a: b }));
}
