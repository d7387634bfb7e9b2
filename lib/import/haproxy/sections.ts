import { type ConfigLine, readLines } from "./lines.ts";

/** A section of an HAProxy config. */
export interface Section {
  readonly kind: string;
  readonly name: string;
  readonly line: number;
  /** Its own lines, below its head. */
  readonly lines: readonly ConfigLine[];
  /** Those of the `defaults` that apply to it. */
  readonly inherited: readonly ConfigLine[];
}

/** The words that begin a section. */
const KINDS = new Set([
  "global",
  "defaults",
  "frontend",
  "backend",
  "listen",
  "resolvers",
  "peers",
  "userlist",
  "mailers",
  "cache",
  "program",
  "http-errors",
  "ring",
  "log-forward",
  "log-profile",
  "fcgi-app",
  "crt-store",
  "traces",
  "acme",
  "namespace_list",
]);

/** The config's sections; what stands before the first is one without a kind. */
export function readSections(text: string): Section[] {
  const sections: {
    kind: string;
    name: string;
    line: number;
    lines: ConfigLine[];
    from: string | undefined;
  }[] = [];
  for (const each of readLines(text)) {
    const [kind = "", name = "", from, other] = each.words;
    if (KINDS.has(kind)) {
      const parent = from === "from" ? other : name === "from" ? from : undefined;
      sections.push({ kind, name: name === "from" ? "" : name, line: each.line, lines: [], from: parent });
      continue;
    }
    if (sections.length === 0) {
      sections.push({ kind: "", name: "", line: each.line, lines: [], from: undefined });
    }
    sections.at(-1)?.lines.push(each);
  }
  return withDefaults(sections);
}

interface Head {
  readonly kind: string;
  readonly name: string;
  readonly line: number;
  readonly lines: ConfigLine[];
  readonly from: string | undefined;
}

/** The last `defaults` before a section apply to it, or those that it names after `from`. */
function withDefaults(heads: readonly Head[]): Section[] {
  const named = new Map<string, readonly ConfigLine[]>();
  let current: readonly ConfigLine[] = [];
  return heads.map(({ kind, name, line, lines, from }) => {
    const inherited = from === undefined ? kind === "defaults" ? [] : current : named.get(from) ?? [];
    if (kind === "defaults") {
      current = [...inherited, ...lines];
      if (name !== "") named.set(name, current);
    }
    return { kind, name, line, lines, inherited };
  });
}

/** The whole of what applies to a section: what comes later wins where only one can. */
export function effectiveLines({ inherited, lines }: Section): readonly ConfigLine[] {
  return [...inherited, ...lines];
}

/** The last line that begins with these words, unless a later one with `no` takes it back. */
export function lastLine(lines: readonly ConfigLine[], ...words: readonly string[]): ConfigLine | undefined {
  let found: ConfigLine | undefined;
  for (const each of lines) {
    if (words.every((word, index) => each.words[index] === word)) found = each;
    else if (each.words[0] === "no" && words.every((word, index) => each.words[index + 1] === word)) {
      found = undefined;
    }
  }
  return found;
}

/** The mode of a section; `tcp` where none is said. */
export function modeOf(section: Section): string {
  return lastLine(effectiveLines(section), "mode")?.words[1] ?? "tcp";
}
