/**
 * From text to value: YAML 1.2 with its core schema (so no timestamps, sets or binaries that nobody meant), and merge keys
 * of our own.
 *
 * @module
 */

import { parse } from "@std/yaml/parse";
import { MAX_DEPTH } from "./_merge.ts";
import { type Place, placeOf, shorten } from "./_text.ts";
import type { Problem } from "./problem.ts";

/** The longest text of a config, 1 MiB: 1,000 apps of 30 lines each. The worst of that length takes half a second. */
export const MAX_CONFIG_BYTES = 1024 * 1024;

/** What a text holds, or what keeps it from being read. */
export interface YamlResult {
  /** Absent when the text cannot be read. */
  readonly value?: unknown;
  readonly problems: readonly Problem[];
}

/** How many duplicate keys are looked for. */
const MAX_DUPLICATES = 1_000;

/** The most characters that aliases could repeat in a key without anybody looking whether they do. */
const MAX_UNSEEN_REPETITION = 64 * 1024 * 1024;

/** The parser's words, and what they mean to whoever wrote the text. `$1` is what the parser quotes. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^Found more than 1 document/, `a second document starts here, one document was wanted`],
  [
    /unexpected end of the stream within a flow collection|^Unexpected end of the (?:stream|document) within a (\w+) quoted/,
    "the text ends within a bracket or a quote, its end was wanted",
  ],
  [/unidentified alias "(.*)"$/, `the alias "*$1" is unknown, an anchor "&$1" before it was wanted`],
  [
    /^Cannot resolve unknown tag !<(.*)>$/,
    `the tag "$1" is unknown, a value without a tag was wanted`,
  ],
  [/miss(?:ing|ed) comma between flow collection entries/, "a comma was wanted before this"],
  [/expected the node content, but found ','/, "a value was wanted before this comma"],
  [
    /bad indentation of a (mapping|sequence) entry/,
    `the line does not continue the one before it, "key: value" with the indentation of its neighbours was wanted`,
  ],
  [
    /key node is missed or followed by a non-tabulated empty line|end of the stream or a document separator is expected|a multiline key may not be an implicit key|missing colon/,
    `the text is no YAML here, "key: value" with matching indentation was wanted`,
  ],
  [
    /nested arrays are not supported inside keys/,
    "the key is a list, a text was wanted",
  ],
];

/**
 * Reads a text. Duplicate keys are problems that leave a value, so that the rest can be checked too.
 */
export async function readYaml(text: string): Promise<YamlResult> {
  const refused = checkText(text) ?? await checkKeys(text);
  if (refused !== undefined) return { problems: [refused] };
  try {
    const value: unknown = parse(text, { schema: "core" });
    return checkContent(text, value);
  } catch (error) {
    if (error instanceof RangeError) return { problems: [await tooDeep(text)] };
    if (!(error instanceof SyntaxError)) throw error;
    if (!error.message.includes("duplicated key")) return { problems: [syntaxProblem(text, error)] };
    return await readWithDuplicates(text, error);
  }
}

async function readWithDuplicates(text: string, error: SyntaxError): Promise<YamlResult> {
  const problems = await duplicateProblems(text);
  if (problems.length === 0) return { problems: [syntaxProblem(text, error)] };
  try {
    return { value: parse(text, { schema: "core", allowDuplicateKeys: true }), problems };
  } catch (later) {
    if (later instanceof RangeError) return { problems: [...problems, await tooDeep(text)] };
    if (!(later instanceof SyntaxError)) throw later;
    return { problems: [...problems, syntaxProblem(text, later)] };
  }
}

async function duplicateProblems(text: string): Promise<Problem[]> {
  const { Source } = await import("./_source.ts");
  const duplicates = Source.read(text)?.duplicateKeys(MAX_DUPLICATES) ?? [];
  return duplicates.map(({ path, key, place, first }) => ({
    path,
    ...place,
    message: `the key "${shorten(key, 60)}" is on line ${first.line} already, one was wanted`,
  }));
}

function checkText(text: string): Problem | undefined {
  if (text.length > MAX_CONFIG_BYTES) {
    return {
      path: [],
      message: `the text has ${text.length} characters, at most ${MAX_CONFIG_BYTES} were wanted`,
    };
  }
  // deno-lint-ignore no-control-regex
  const control = /[\x00-\x08\x0B\x0C\x0E-\x1F\x7F]/.exec(text);
  if (control === null) return undefined;
  const message = `the text has the control character ${shorten(control[0], 8)}, a YAML text was wanted`;
  return { path: [], message, ...placeOf(text, control.index) };
}

/** The value parser writes a list that is a key as one text, which aliases can make as long as they like. */
async function checkKeys(text: string): Promise<Problem | undefined> {
  const aliases = text.match(/\*[^\s,[\]{}"']/g)?.length ?? 0;
  if (aliases * text.length <= MAX_UNSEEN_REPETITION) return undefined;
  const { findCompoundKey } = await import("./_source.ts");
  const place = findCompoundKey(text);
  return place && { path: [], message: "the key is a list or a mapping, a text was wanted", ...place };
}

function checkContent(text: string, value: unknown): YamlResult {
  if (value !== null) return { value, problems: [] };
  const lines = text.split(/[\r\n]+/).map((line) => line.trim()).filter((line) => line !== "");
  const what = lines.length === 0
    ? "the text is empty"
    : lines.every((line) => line.startsWith("#"))
    ? "the text has comments alone"
    : "the top level is empty";
  return { problems: [{ path: [], message: `${what}, a mapping with "apps" was wanted` }] };
}

async function tooDeep(text: string): Promise<Problem> {
  const { findDepth } = await import("./_source.ts");
  const message = `the text is nested deeper than ${MAX_DEPTH} levels, fewer were wanted`;
  return { path: [], message, ...findDepth(text, MAX_DEPTH) };
}

/**
 * What the parser that gives places refuses in a text that the other one has taken: most likely tabs, which to that one are
 * no indentation at all, so that its values are not those that were meant. `undefined` for a text that it takes.
 */
export async function strictProblem(text: string): Promise<Problem | undefined> {
  const { findRefusal } = await import("./_source.ts");
  const refusal = findRefusal(text);
  if (refusal === undefined) return undefined;
  const { reason, place } = refusal;
  return tabProblem(text, reason, place) ?? { path: [], message: explain(reason), ...place };
}

function syntaxProblem(text: string, error: SyntaxError): Problem {
  const { line, column, offset } = error as SyntaxError & { line?: number; column?: number; offset?: number };
  const reason = (/^(.*?)(?: at line \d+, column \d+:?)?$/m.exec(error.message)?.[1] ?? "").trim();
  const message = explain(reason);
  // What is missing at the end is shown behind the last thing that is there, not in the blank lines after it.
  const end = text.trimEnd().length;
  const place = offset !== undefined
    ? placeOf(text, Math.min(offset, end))
    : line !== undefined && column !== undefined
    ? { line, column }
    : undefined;
  if (place === undefined) return { path: [], message };
  return tabProblem(text, reason, place) ?? { path: [], message, ...place };
}

/** The tab that stands in the indentation of a line where either parser has lost its way; in brackets it is no fault. */
function tabProblem(text: string, reason: string, { line }: Place): Problem | undefined {
  if (!/indentation|end of the stream or a document separator|multiline key/.test(reason)) return undefined;
  const indentation = /^(?:[ \t]|-(?=[ \t]))*/.exec(text.split(/\r\n|\n|\r/)[line - 1] ?? "")?.[0] ?? "";
  const tab = indentation.indexOf("\t");
  if (tab < 0) return undefined;
  return { path: [], message: "the indentation has a tab, spaces were wanted", line, column: tab + 1 };
}

function explain(reason: string): string {
  for (const [pattern, words] of REASONS) {
    const match = pattern.exec(reason);
    if (match !== null) return words.replaceAll("$1", () => shorten(match[1] ?? "", 60));
  }
  return `the text is no YAML (${lowerFirst(shorten(reason, 200))}), YAML was wanted`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
