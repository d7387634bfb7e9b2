/**
 * Turns zod's issues into problems with messages of our own. A schema's own `error` says only what is expected ("a list of ports").
 *
 * @module
 */

import type * as z from "zod";
import { durationHint } from "../schema/values/duration_hint.ts";
import { keysAt } from "../schema/json/json_schema.ts";
import type { KnownKeys } from "../schema/json/json_schema.ts";
import { MERGE_KEY } from "../resolve/merge.ts";
import { asMapping } from "../validate/raw.ts";
import { suggest } from "./suggest.ts";
import { shorten } from "../yaml/text.ts";
import { formatPath } from "./problem.ts";
import type { Path, Problem } from "./problem.ts";

/** How many characters of a wrong value a message shows. */
const MAX_SHOWN = 60;

/** A message with more keys than this names the first ones only: fewer if it has a suggestion. */
const MANY_KEYS = { suggested: 6, unsuggested: 16 };

type Issue = z.core.$ZodIssue;

/** Problems of a value, at most `limit` of them, and how many there are in all. */
export function problemsOf(
  issues: readonly Issue[],
  limit: number,
): { problems: Problem[]; total: number } {
  const problems: Problem[] = [];
  const missing: { at: number; key: string }[] = [];
  const meant = new Set<string>();
  let total = Math.max(0, issues.length - limit);
  for (const { issue, path } of flatten(issues.slice(0, limit), [])) {
    const keys = issue.code === "unrecognized_keys" ? issue.keys : undefined;
    total += keys?.length ?? 1;
    const room = limit - problems.length;
    if (room <= 0) continue;
    if (keys === undefined) {
      if (isMissing(issue, path)) missing.push({ at: problems.length, key: formatPath(path) });
      problems.push(problemOf(issue, path));
      continue;
    }
    for (const key of keys.slice(0, room)) {
      const known = keysAt(path, issue.input);
      const suggestion = suggest(key, known.keys);
      if (suggestion !== undefined) meant.add(formatPath([...path, suggestion]));
      problems.push(
        separatePort([...path, key], issue.input) ?? unknownKey([...path, key], known, suggestion),
      );
    }
  }
  // A mistyped key is one problem, not the two of an unknown key and a missing one.
  const again = new Set(missing.filter(({ key }) => meant.has(key)).map(({ at }) => at));
  return { problems: problems.filter((_, index) => !again.has(index)), total: total - again.size };
}

/** A value as a message shows it. */
export function show(value: unknown): string {
  if (typeof value === "string") return `"${shorten(value, MAX_SHOWN)}"`;
  if (value === null || value === undefined) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  return String(value);
}

/** Every issue with its whole path; of a union, the issues of the branch that was meant. */
function* flatten(issues: readonly Issue[], base: Path): Generator<{ issue: Issue; path: Path }> {
  for (const issue of issues) {
    const path = [...base, ...issue.path.map((step) => typeof step === "symbol" ? String(step) : step)];
    // A branch that took the value for what it is has no complaint about the value as a whole.
    const meant = issue.code === "invalid_union"
      ? issue.errors.find((branch) => branch.every((each) => each.path.length > 0 || !isWrongType(each)))
      : undefined;
    if (meant === undefined) yield { issue, path };
    else yield* flatten(meant, path);
  }
}

function isWrongType(issue: Issue): boolean {
  return issue.code === "invalid_type" || issue.code === "invalid_value" || issue.code === "invalid_union";
}

function isMissing(issue: Issue, path: Path): boolean {
  return issue.input === undefined && issue.code === "invalid_type" && typeof path.at(-1) === "string";
}

function problemOf(issue: Issue, path: Path): Problem {
  if (issue.code === "custom") return { path, message: issue.message };
  if (issue.code === "invalid_union" && issue.discriminator !== undefined) return kindProblem(issue, path);
  const wanted = issue.message;
  if (isMissing(issue, path)) return missingKey(path, wanted);
  if (issue.code === "too_small") return { path, message: `the value is empty; expected ${wanted}` };
  const words = wordsOf(issue);
  const word = typeof issue.input === "string" ? suggest(issue.input, words) : undefined;
  const hint = word === undefined ? shapeHint(issue.input, { path, wanted, words }) : didYouMean(word);
  return { path, message: `the value is ${show(issue.input)}; expected ${wanted}${hint}` };
}

/** What a value of another shape stands for: the one entry of a list, a mapping with defaults, seconds, a boolean. */
function shapeHint(value: unknown, { path, wanted, words }: {
  readonly path: Path;
  readonly wanted: string;
  readonly words: readonly string[];
}): string {
  const isText = typeof value === "string" && value !== "" && value.length <= MAX_SHOWN;
  if (wanted.startsWith("a list") && (isText || typeof value === "number")) {
    return `; did you mean [${
      isText && !/^[\w./-]+(?::[\w-]+)*$/.test(value) ? JSON.stringify(value) : value
    }]?`;
  }
  if (wanted.startsWith("a mapping, or off") && value === true) {
    return keysAt(path, {}).required.length === 0 ? "; did you mean {}?" : "";
  }
  if (typeof value === "boolean") {
    const word = value ? "on" : "off";
    return words.includes(word) ? didYouMean(word) : "";
  }
  if (/^true(?: or|,) false\b/.test(wanted) && typeof value === "string") {
    const meant = BOOLEANS.get(value.toLowerCase());
    return meant === undefined ? "" : `; did you mean ${meant}?`;
  }
  return wanted.startsWith("a duration") && typeof value === "number" ? durationHint(value) : "";
}

/** Texts that are booleans in other configs; in lower case. */
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...["true", "yes", "on"].map((word) => [word, true] as const),
  ...["false", "no", "off"].map((word) => [word, false] as const),
]);

/** The words that would have been right. */
function wordsOf(issue: Issue): string[] {
  if (issue.code === "invalid_value") return issue.values.filter((value) => typeof value === "string");
  return issue.code === "invalid_union" ? issue.errors.flat().flatMap(wordsOf) : [];
}

/** The key that selects one of several mappings is missing or unknown. */
function kindProblem(issue: Extract<Issue, { code: "invalid_union" }>, path: Path): Problem {
  // zod gives the words, but its types do not say so.
  const kinds = ((issue as { options?: readonly unknown[] }).options ?? []).map(String);
  const wanted = `one of ${kinds.join(", ")}`;
  const given = (issue.input as Record<string, unknown> | undefined)?.[issue.discriminator ?? ""];
  if (given === undefined) return missingKey(path, wanted);
  const hint = didYouMean(typeof given === "string" ? suggest(given, kinds) : undefined);
  return { path, message: `the value is ${show(given)}; expected ${wanted}${hint}` };
}

function missingKey(path: Path, wanted: string): Problem {
  return { path: path.slice(0, -1), message: `the key "${path.at(-1)}" is missing; expected ${wanted}` };
}

/** A target's port that stands beside its address. */
function separatePort(path: Path, mapping: unknown): Problem | undefined {
  const { address, port } = asMapping(mapping);
  const isPort = path.at(-1) === "port" && typeof address === "string" &&
    ["number", "string"].includes(typeof port);
  if (!isPort || path.at(-3) !== "targets") return undefined;
  const host = address.replace(/:\d+$/, "");
  const whole = shorten(`${host}:${port}`, MAX_SHOWN);
  return { path, at: "key", message: `unknown key; the port belongs to the address: "${whole}"` };
}

function unknownKey(path: Path, known: KnownKeys, suggestion: string | undefined): Problem {
  const key = String(path.at(-1));
  if (key === MERGE_KEY) {
    return {
      path,
      at: "key",
      message: `the merge key "<<" is read in YAML only; write out what it stands for`,
    };
  }
  const unheard = UNHEARD.get(key);
  if (unheard !== undefined && /^(?:target_)?tls$/.test(String(path.at(-2)))) {
    return { path, at: "key", message: unheard };
  }
  const { keys } = known;
  const kinds = known.kindsWith(key).map((kind) => `"${kind}"`);
  const shown = suggestion !== undefined && keys.length > MANY_KEYS.suggested
    ? [...keys.slice(0, 3), "…"]
    : keys.length > MANY_KEYS.unsuggested
    ? [...keys.slice(0, MANY_KEYS.unsuggested), "…"]
    : keys;
  const wanted = shown.length === 1 ? `"${shown[0]}"` : `one of ${shown.join(", ")}`;
  if (kinds.length > 0) {
    const message = `the key is for the ${kinds.length === 1 ? "kind" : "kinds"} ${kinds.join(" and ")}; ` +
      `expected ${wanted}`;
    return { path, at: "key", message };
  }
  return { path, at: "key", message: `unknown key; expected ${wanted}${didYouMean(suggestion)}` };
}

const CIPHERS =
  "the runtime's TLS takes no list of ciphers: it speaks AES-GCM and ChaCha20-Poly1305 with forward " +
  `secrecy alone; leave the key out, "min_version: 1.3" allows three ciphers`;
const GROUPS =
  "the runtime's TLS takes no list of groups: it chooses among X25519, P-256, P-384 and newer ones itself; " +
  "leave the key out";

/** Keys of other proxies that have no meaning here, and why. */
const UNHEARD: ReadonlyMap<string, string> = new Map([
  ["ciphers", CIPHERS],
  ["ciphersuites", CIPHERS],
  ["cipher_suites", CIPHERS],
  ["groups", GROUPS],
  ["curves", GROUPS],
  ["ecdh_curve", GROUPS],
]);

function didYouMean(suggestion: string | undefined): string {
  return suggestion === undefined ? "" : `; did you mean "${suggestion}"?`;
}
