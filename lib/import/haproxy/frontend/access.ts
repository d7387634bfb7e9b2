import { readBlock } from "../../blocks.ts";
import { durationOf, readTimeMs } from "../../durations.ts";
import type { Notes } from "../../note.ts";
import { type YamlMap, yamlMap } from "../../yaml_map.ts";
import { type Acls, type Condition, readCondition, type Term } from "./conditions.ts";
import type { ConfigLine } from "../lines.ts";
import { lastLine } from "../sections.ts";

/** Who is let in, and what is read of a connection first. */
export interface Access {
  readonly allow: string[];
  readonly deny: string[];
  maxPerClient: number | undefined;
  ratePerClient: string | undefined;
  inspectDelay: string | undefined;
  /** Senders of PROXY headers. */
  readonly headersFrom: string[];
}

/** Reads the `tcp-request` lines of a frontend. */
export function readAccess(
  lines: readonly ConfigLine[],
  { acls, notes }: { readonly acls: Acls; readonly notes: Notes },
): Access {
  const access: Access = {
    allow: [],
    deny: [],
    maxPerClient: undefined,
    ratePerClient: undefined,
    inspectDelay: undefined,
    headersFrom: [],
  };
  for (const each of lines) {
    const { line, words: [keyword, stage, action = "", value = ""] } = each;
    if (keyword !== "tcp-request") continue;
    if (stage === "inspect-delay") {
      const ms = readTimeMs(action, "ms");
      if (ms !== undefined && ms > 0) access.inspectDelay = durationOf(ms);
    } else if (/^track-sc\d$/.test(action) || /^(?:track-sc)$/.test(action)) {
      if (!/^src\b/.test(value)) {
        notes.leftOut(line, `tcp-request … ${action} ${value}: clients are counted by address`);
      }
    } else if (action === "reject" || action === "accept" || action === "silent-drop") {
      readRule(each, access, { acls, notes, lines });
    } else if (action === "expect-proxy") {
      readHeaderRule(each, access, { acls, notes });
    } else {
      notes.leftOut(
        line,
        `tcp-request ${stage} ${action}: no such rule here; use "allow", "deny" or a limit`,
      );
    }
  }
  return access;
}

interface RuleContext {
  readonly acls: Acls;
  readonly notes: Notes;
}

function readRule(
  { line, words }: ConfigLine,
  access: Access,
  { acls, notes, lines }: RuleContext & { readonly lines: readonly ConfigLine[] },
): void {
  const isAccept = words[2] === "accept";
  const condition = readCondition(words, acls);
  const shown = `tcp-request ${words.slice(1).join(" ")}`;
  if (condition === undefined) {
    // An accept without a condition ends the rules; a reject behind accepts is what "allow" does by itself.
    if (!isAccept && access.allow.length === 0) notes.leftOut(line, `${shown}: everybody would be refused`);
    return;
  }
  for (const terms of condition) {
    const [term, ...others] = terms.filter(({ kind }) => kind !== "hello" && kind !== "always");
    if (term === undefined) {
      const onlyHello = terms.every((each) => each.kind !== "hello" || !each.isNegated || !isAccept);
      if (!onlyHello) notes.leftOut(line, `${shown}: no such rule here`);
      continue;
    }
    if (others.length > 0 && isAbsence(terms)) {
      // "Not from here and not from there" denies clients of either.
      for (const each of terms) {
        if (each.kind === "source") {
          addBlocks(isAccept ? access.deny : access.allow, each.blocks, { line, notes });
        }
      }
    } else if (others.length > 0 || (term.kind !== "source" && isAccept)) {
      notes.leftOut(line, `${shown}: only addresses and the limits of each client can be tested here`);
    } else if (term.kind === "source") {
      const list = isAccept !== term.isNegated ? access.allow : access.deny;
      addBlocks(list, term.blocks, { line, notes });
    } else if (term.kind === "connections" && !term.isNegated) access.maxPerClient = Math.max(1, term.above);
    else if (term.kind === "rate" && !term.isNegated) {
      access.ratePerClient = rateOf(term.above, tablePeriodMs(lines));
      notes.changed(
        line,
        `connection rate: at most ${access.ratePerClient}, which may come at once after a pause`,
      );
    } else notes.leftOut(line, `${shown}: only addresses and the limits of each client can be tested here`);
  }
}

/** Whether all terms say that a client is not from somewhere. */
function isAbsence(terms: readonly Term[]): boolean {
  return terms.every(({ kind, isNegated }) => kind === "source" && isNegated);
}

function readHeaderRule({ line, words }: ConfigLine, access: Access, { acls, notes }: RuleContext): void {
  const condition = readCondition(words, acls);
  if (condition === undefined) access.headersFrom.push("0.0.0.0/0", "::/0");
  for (const [term, ...others] of condition ?? []) {
    if (term?.kind === "source" && !term.isNegated && others.length === 0) {
      addBlocks(access.headersFrom, term.blocks, { line, notes });
    } else {notes.leftOut(
        line,
        `tcp-request ${words.slice(1).join(" ")}: name the senders in "proxy_protocol.from"`,
      );}
  }
}

/** Adds addresses to a list, as blocks. */
export function addBlocks(
  list: string[],
  texts: readonly string[],
  { line, notes }: { readonly line: number; readonly notes: Notes },
): void {
  for (const text of texts) {
    const block = readBlock(text);
    if (block === undefined) notes.leftOut(line, `the address "${text}": expected an IP address or a block`);
    else if (!list.includes(block)) list.push(block);
  }
}

/** The time over which a stick table counts connections. */
function tablePeriodMs(lines: readonly ConfigLine[]): number {
  const table = lastLine(lines, "stick-table")?.words.join(" ") ?? "";
  const period = /conn_rate\((\w+)\)/.exec(table)?.[1];
  return Math.max(1, period === undefined ? 1000 : readTimeMs(period, "ms") ?? 1000);
}

/** So many connections in a time, as a rate in seconds, minutes or hours. */
export function rateOf(count: number, periodMs: number): string {
  const [unit, unitMs] = periodMs <= 1000
    ? ["s", 1000]
    : periodMs <= 60_000
    ? ["m", 60_000]
    : ["h", 3_600_000];
  return `${Math.max(1, Math.round(count * Number(unitMs) / periodMs))}/${unit}`;
}

/** What is said of clients, set on an app. */
export function setAccess(app: YamlMap, access: Access): void {
  if (access.allow.length > 0) app.set("allow", access.allow);
  if (access.deny.length > 0) app.set("deny", access.deny);
  app.set("max_connections_per_client", access.maxPerClient);
  app.set("accept_rate_per_client", access.ratePerClient);
}

/** The key `proxy_protocol` of an app. */
export function proxyProtocolOf(
  { acceptsProxy, access, send, tlvs }: {
    readonly acceptsProxy: boolean;
    readonly access: Access;
    readonly send: string;
    readonly tlvs: readonly string[];
  },
): YamlMap | undefined {
  const everyone = ["0.0.0.0/0", "::/0"];
  const accepts = acceptsProxy || access.headersFrom.length > 0;
  const isOptional = !acceptsProxy && !access.headersFrom.includes("0.0.0.0/0");
  const known: Readonly<Record<string, string>> = {
    ssl: "ssl",
    ["cert-cn"]: "ssl",
    ["ssl-cipher"]: "ssl",
    authority: "authority",
    crc32c: "crc32c",
    ["unique-id"]: "unique_id",
  };
  const fields = new Set(tlvs.flatMap((tlv) => known[tlv] ?? []));
  const draft = yamlMap({
    accept: accepts ? isOptional ? "optional" : "required" : undefined,
    from: accepts ? isOptional ? access.headersFrom : everyone : undefined,
    send: send === "off" ? undefined : send,
    tlvs: fields.size === 0 || send !== "v2"
      ? undefined
      : yamlMap(Object.fromEntries([...fields].map((field) => [field, true]))),
  });
  return draft.size === 0 ? undefined : draft;
}

/** Whether the ClientHello alone decides a condition. */
export function isByHello(condition: Condition): boolean {
  return condition.every((terms) =>
    terms.every(({ kind }) => kind === "sni" || kind === "alpn" || kind === "hello" || kind === "always")
  );
}
