/**
 * From text to value: YAML 1.2 with its core schema (so no timestamps, sets or binaries that nobody meant), and merge keys
 * of our own.
 *
 * @module
 */

import type { Environment } from "../environment/references.ts";
import { nameOfInvisible } from "./invisible.ts";
import { MAX_DEPTH } from "../resolve/merge.ts";
import { findDepth, Source } from "./source.ts";
import { placeOf, shorten } from "./text.ts";
import { findOpening } from "./unclosed.ts";
import type { Problem } from "../report/problem.ts";

/** The longest text of a config, 1 MiB: 1,000 apps of 30 lines each. The worst of that length takes half a second. */
export const MAX_CONFIG_BYTES = 1024 * 1024;

/** The value of a text, or the fault that prevents reading it. */
export interface YamlResult {
  /** Absent when the text cannot be read. */
  readonly value?: unknown;
  readonly problems: readonly Problem[];
  /** The text's places; absent when it cannot be read. */
  readonly source?: Source;
}

/** How many duplicate keys are looked for. */
const MAX_DUPLICATES = 1_000;

/** The parser's messages, and ours in their place. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/tab characters must not be used/, "the indentation has a tab; use spaces"],
  [/comma between flow collection entries/, "expected a comma before this"],
  [/expected the node content, but found ','/, "expected a value before this comma"],
  [
    /deficient indentation/,
    "the line continues a bracket or a quote; indent it deeper than the key that it belongs to",
  ],
  [
    /bad indentation of a (mapping|sequence) entry/,
    `the line does not continue the one before it; expected "key: value" with the indentation of its neighbours`,
  ],
  [
    /end of the stream or a document separator is expected|a multiline key may not be an implicit key|expected ':'/,
    `expected "key: value" with matching indentation`,
  ],
];

/**
 * Reads a text. Duplicate keys are problems that leave a value, so that the rest can be checked too. Without an environment,
 * references to variables stay as they are.
 */
export function readYaml(text: string, environment?: Environment): YamlResult {
  const refused = checkText(text);
  if (refused !== undefined) return { problems: [refused] };
  try {
    const source = Source.parse(text, environment);
    if (!(source instanceof Source)) return { problems: [syntaxProblem(text, source)] };
    const faults = source.faults.map(({ path, message, place }) => ({ path, message, ...place }));
    if (source.faults.some(({ isReadable }) => !isReadable)) return { problems: faults };
    if (source.value === null) return { problems: [nothingProblem(text)] };
    return { value: source.value, problems: [...faults, ...duplicateProblems(source)], source };
  } catch (error) {
    if (error instanceof RangeError) return { problems: [tooDeep(text)] };
    throw error;
  }
}

function duplicateProblems(source: Source): Problem[] {
  return source.duplicateKeys(MAX_DUPLICATES).map(({ path, key, place, first }) => ({
    path,
    ...place,
    message: `the key "${shorten(key, 60)}" is on line ${first.line} already; expected it once`,
  }));
}

function checkText(text: string): Problem | undefined {
  if (text.length > MAX_CONFIG_BYTES) {
    return {
      path: [],
      message: `the text has ${text.length} characters; expected at most ${MAX_CONFIG_BYTES}`,
    };
  }
  // deno-lint-ignore no-control-regex
  const control = /[\x00-\x08\x0B\x0C\x0E-\x1F\x7F]/.exec(text);
  if (control === null) return undefined;
  const message = `the text has the control character ${shorten(control[0], 8)}; expected a YAML text`;
  return { path: [], message, ...placeOf(text, control.index) };
}

function nothingProblem(text: string): Problem {
  const lines = text.split(/[\r\n]+/).map((line) => line.trim()).filter((line) => line !== "");
  const what = lines.length === 0
    ? "the text is empty"
    : lines.every((line) => line.startsWith("#"))
    ? "the text has only comments"
    : "the top level is empty";
  return { path: [], message: `${what}; expected a mapping with "apps"` };
}

function tooDeep(text: string): Problem {
  const message = `the text is nested deeper than ${MAX_DEPTH} levels; expected fewer`;
  return { path: [], message, ...findDepth(text, MAX_DEPTH) };
}

function syntaxProblem(text: string, { reason, offset }: { reason: string; offset: number }): Problem {
  if (reason.startsWith("nesting exceeded")) return tooDeep(text);
  const problem = (message: string, at: number): Problem => ({ path: [], message, ...placeOf(text, at) });
  const invisible = invisibleBefore(text, offset);
  if (invisible !== undefined) return problem(`${invisible.name} is here; expected a space`, invisible.index);
  const opening = findOpening(text, offset);
  if (opening !== undefined) return problem(opening.message, opening.offset);
  const tab = tabBefore(text, offset);
  if (tab !== undefined && /indentation|document separator|multiline key/.test(reason)) {
    return problem("the indentation has a tab; use spaces", tab);
  }
  const reference = /[^\s[\]{},"']*\$\{[^}\s]*\}?[^\s[\]{},"']*/.exec(lineAt(text, offset).text);
  if (reference !== null && /comma|content|mapping/.test(reason)) {
    const written = shorten(reference[0], 40);
    return problem(
      `${written}: a reference to a variable within brackets needs quotes; write "${written}"`,
      lineAt(text, offset).start + reference.index,
    );
  }
  const colon = missingSpace(text, offset);
  if (colon !== undefined) {
    return problem(
      `"${shorten(colon.text, 40)}" has no space after the colon; expected "key: value"`,
      colon.offset,
    );
  }
  // Something missing at the end is shown after the last token, not in the blank lines that follow.
  return problem(explain(reason), Math.min(offset, text.trimEnd().length));
}

function lineAt(text: string, offset: number): { readonly start: number; readonly text: string } {
  const start = Math.max(text.lastIndexOf("\n", offset - 1), text.lastIndexOf("\r", offset - 1)) + 1;
  return { start, text: /^[^\r\n]*/.exec(text.slice(start))?.[0] ?? "" };
}

/** The line of an offset, and the one before it where that is where the fault is noticed late. */
function linesNear(text: string, offset: number): { readonly start: number; readonly text: string }[] {
  const line = lineAt(text, offset);
  return line.start === 0 ? [line] : [lineAt(text, line.start - 1), line];
}

/** An invisible character outside of quotes and comments, near an offset. */
function invisibleBefore(text: string, offset: number): { index: number; name: string } | undefined {
  for (const { start, text: line } of linesNear(text, offset)) {
    const plain = line.replace(/"(?:[^"\\]|\\.)*"|'[^']*'|#.*/g, (part) => " ".repeat(part.length));
    const found = nameOfInvisible(plain);
    if (found !== undefined) return { ...found, index: start + found.index };
  }
  return undefined;
}

/** The tab that stands in the indentation of the line; in brackets it is no fault. */
function tabBefore(text: string, offset: number): number | undefined {
  const line = lineAt(text, offset);
  const tab = (/^(?:[ \t]|-(?=[ \t]))*/.exec(line.text)?.[0] ?? "").indexOf("\t");
  return tab < 0 ? undefined : line.start + tab;
}

/** `name:web` on the line, or on the last one before it that has something. */
function missingSpace(text: string, offset: number): { offset: number; text: string } | undefined {
  for (const { start, text: line } of linesNear(text, offset)) {
    const match = /^([\s-]*)([A-Za-z_][\w-]*:[^\s:/].*?)\s*$/.exec(line);
    if (match !== null) return { offset: start + (match[1] ?? "").length, text: match[2] ?? "" };
  }
  return undefined;
}

function explain(reason: string): string {
  for (const [pattern, words] of REASONS) if (pattern.test(reason)) return words;
  const lower = reason.charAt(0).toLowerCase() + reason.slice(1);
  return `the text is not valid YAML: ${shorten(lower, 200)}`;
}
