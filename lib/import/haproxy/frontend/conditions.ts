import type { ConfigLine } from "../lines.ts";

/** One test of a condition. */
export type Term =
  | { readonly kind: "source"; readonly blocks: readonly string[]; readonly isNegated: boolean }
  | {
    readonly kind: "sni";
    readonly names: readonly string[];
    readonly isLoose: boolean;
    readonly isNegated: boolean;
  }
  | { readonly kind: "alpn"; readonly protocols: readonly string[]; readonly isNegated: boolean }
  /** Whether the connection begins as TLS. */
  | { readonly kind: "hello"; readonly isNegated: boolean }
  /** More connections of the client than a number. */
  | { readonly kind: "connections"; readonly above: number; readonly isNegated: boolean }
  /** More new connections of the client than a number, in the time of the stick table. */
  | { readonly kind: "rate"; readonly above: number; readonly isNegated: boolean }
  | { readonly kind: "always"; readonly isNegated: boolean }
  | { readonly kind: "unknown"; readonly text: string; readonly isNegated: boolean };

/** A condition: alternatives, of each of which all terms must hold. */
export type Condition = readonly (readonly Term[])[];

/** More alternatives than a person writes. */
const MAX_ALTERNATIVES = 64;

/** More words than a person writes in a condition. */
const MAX_WORDS = 1000;

/** Names of tests, each with its alternatives. */
export type Acls = ReadonlyMap<string, readonly Term[]>;

/** HAProxy's own names. */
const PREDEFINED: Readonly<Record<string, Term>> = {
  TRUE: { kind: "always", isNegated: false },
  FALSE: { kind: "always", isNegated: true },
  ["WAIT_END"]: { kind: "always", isNegated: false },
  LOCALHOST: { kind: "source", blocks: ["127.0.0.1/8", "::1"], isNegated: false },
  ["REQ_CONTENT"]: { kind: "always", isNegated: false },
};

/** Reads the `acl` lines of a section: those of one name are alternatives. */
export function readAcls(lines: readonly ConfigLine[]): Acls {
  const acls = new Map<string, Term[]>();
  for (const { words: [keyword, name = "", ...test] } of lines) {
    if (keyword === "acl") acls.set(name, [...acls.get(name) ?? [], readTest(test)]);
  }
  return acls;
}

/** Reads what follows `if` or `unless` in a line; `undefined` where it has neither. */
export function readCondition(words: readonly string[], acls: Acls): Condition | undefined {
  const at = words.findIndex((word) => word === "if" || word === "unless");
  if (at === -1) return undefined;
  const condition = readAlternatives(words.slice(at + 1, at + 1 + MAX_WORDS), acls);
  return words[at] === "if" ? condition : negated(condition);
}

function readAlternatives(words: readonly string[], acls: Acls): Condition {
  let done: Term[][] = [];
  let current: Term[][] = [[]];
  let isNegated = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "or" || word === "||") {
      done = [...done, ...current];
      current = [[]];
      continue;
    }
    if (word === "!") {
      isNegated = !isNegated;
      continue;
    }
    const turns = word.startsWith("!") && word.length > 1;
    const name = turns ? word.slice(1) : word;
    let terms: readonly Term[];
    if (name === "{") {
      const end = words.indexOf("}", at);
      const stop = end === -1 ? words.length : end;
      terms = [readTest(words.slice(at + 1, stop))];
      at = stop;
    } else terms = termsNamed(name, acls);
    current = combine(current, terms, isNegated !== turns);
    isNegated = false;
  }
  return [...done, ...current].slice(0, MAX_ALTERNATIVES);
}

function termsNamed(name: string, acls: Acls): readonly Term[] {
  const predefined = PREDEFINED[name];
  return acls.get(name) ?? [predefined ?? { kind: "unknown", text: name, isNegated: false }];
}

/** Adds a test to each alternative; one of several terms is true when any is, its opposite when none is. */
function combine(alternatives: readonly Term[][], terms: readonly Term[], isNegated: boolean): Term[][] {
  if (isNegated) {
    return alternatives.map((
      all,
    ) => [...all, ...terms.map((term) => ({ ...term, isNegated: !term.isNegated }))]);
  }
  return alternatives.flatMap((all) => terms.map((term) => [...all, term])).slice(0, MAX_ALTERNATIVES);
}

/** The opposite of a condition, where that is as simple. */
function negated(condition: Condition): Condition {
  const [first, ...others] = condition;
  if (first !== undefined && others.length === 0 && first.length <= 1) {
    return [first.map((term) => ({ ...term, isNegated: !term.isNegated }))];
  }
  if (condition.every(({ length }) => length === 1)) {
    return [condition.flat().map((term) => ({ ...term, isNegated: !term.isNegated }))];
  }
  return [[{ kind: "unknown", text: "unless …", isNegated: false }]];
}

/** Reads one test: a fetch with flags and values. */
function readTest(words: readonly string[]): Term {
  const unknown: Term = { kind: "unknown", text: words.join(" "), isNegated: false };
  const [fetch = "", ...rest] = words;
  const { values, match, hasFile } = readFlags(rest);
  if (hasFile) return unknown;
  const bare = fetch.replace(/,(?:lower|upper)\b/g, "");
  const isNegated = false;
  if (bare === "src") return { kind: "source", blocks: values, isNegated };
  const named = /^(?:req\.ssl_sni|req_ssl_sni|ssl_fc_sni)(?:_(end))?$/.exec(bare);
  if (named !== null) return sniTerm(values, named[1] ?? match, unknown);
  if (/^(?:req\.ssl_alpn|ssl_fc_alpn)$/.test(bare) && ["", "str"].includes(match)) {
    return { kind: "alpn", protocols: values, isNegated };
  }
  if (/^(?:req\.ssl_hello_type|req_ssl_hello_type|req\.ssl_ver|req_ssl_ver|ssl_fc)$/.test(bare)) {
    return { kind: "hello", isNegated };
  }
  if (/^(?:req\.len|req_len|wait_end|always_true)$/.test(bare)) return { kind: "always", isNegated };
  if (bare === "always_false") return { kind: "always", isNegated: true };
  const counted = /^(?:sc\d?_|src_)conn_(cur|rate)(?:\(.*\))?$/.exec(bare);
  const above = aboveOf(values);
  if (counted !== null && above !== undefined) {
    return { kind: counted[1] === "cur" ? "connections" : "rate", above, isNegated };
  }
  return unknown;
}

function readFlags(words: readonly string[]): { values: string[]; match: string; hasFile: boolean } {
  let match = "";
  let hasFile = false;
  let at = 0;
  for (; at < words.length && /^-[a-zA-Z-]$/.test(words[at] ?? ""); at++) {
    const flag = words[at];
    if (flag === "--") {
      at++;
      break;
    }
    if (flag === "-m") match = words[++at] ?? "";
    else if (flag === "-f" || flag === "-M") {
      hasFile = true;
      at++;
    } else if (flag === "-u") at++;
  }
  return { values: words.slice(at), match, hasFile };
}

function sniTerm(values: readonly string[], match: string, unknown: Term): Term {
  const isName = (text: string): boolean => /^\.?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/.test(text);
  if (values.length === 0 || !values.every(isName)) return match === "found" ? sniFound() : unknown;
  const lower = values.map((value) => value.toLowerCase());
  if (match === "" || match === "str") {
    return { kind: "sni", names: lower, isLoose: false, isNegated: false };
  }
  if (match === "end" || match === "dom") {
    const isLoose = match === "dom" || lower.some((value) => !value.startsWith("."));
    const names = lower.flatMap((value) => value.startsWith(".") ? [`*${value}`] : [value, `*.${value}`]);
    return { kind: "sni", names, isLoose, isNegated: false };
  }
  return unknown;
}

function sniFound(): Term {
  return { kind: "sni", names: ["*"], isLoose: false, isNegated: false };
}

/** The number above which a test is true: `gt 20`, `ge 21`. */
function aboveOf(values: readonly string[]): number | undefined {
  const [operator = "", number = ""] = values;
  if (!/^\d{1,9}$/.test(number)) return undefined;
  if (operator === "gt") return Number(number);
  return operator === "ge" ? Math.max(0, Number(number) - 1) : undefined;
}
