/**
 * Reads queries and bodies of requests: nothing unknown, nothing twice, and every refusal names what is expected.
 *
 * @module
 */
import { suggest } from "../config/mod.ts";
import { ProblemError } from "./problem_error.ts";

/** Enough for the body of any operation but a config. */
const MAX_BODY_BYTES = 256 * 1024;

/** Returns `; did you mean "x"?` where one of the words is close to `word`, else nothing. */
export function nearMiss(word: string, words: readonly string[]): string {
  const near = suggest(word, words);
  return near === undefined ? "" : `; did you mean "${near}"?`;
}

/**
 * Returns the parameters of a query.
 *
 * @throws {ProblemError} 400 for one that is unknown, or given twice.
 */
export function queryFields<Name extends string>(
  query: URLSearchParams,
  names: readonly Name[],
): Partial<Record<Name, string>> {
  const fields: Partial<Record<Name, string>> = {};
  for (const [key, value] of query) {
    const name = known("parameter", key, names);
    if (fields[name] !== undefined) throw new ProblemError(400, `"${key}" is given twice; keep one`);
    fields[name] = value;
  }
  return fields;
}

/**
 * Reads a body that is a JSON object.
 *
 * @throws {ProblemError} 400 where it is something else, or has an unknown key; 413 where it is too large.
 */
export async function bodyFields<Name extends string>(
  request: Request,
  names: readonly Name[],
): Promise<Partial<Record<Name, unknown>>> {
  const example = names.map((name) => `"${name}": …`).join(", ");
  const text = await readText(request);
  if (text.trim() === "") throw new ProblemError(400, `the body is empty; expected JSON: { ${example} }`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ProblemError(400, `the body is no JSON: ${error.message}; expected { ${example} }`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ProblemError(400, `the body is no JSON object; expected { ${example} }`);
  }
  for (const key of Object.keys(value)) known("key", key, names);
  return value;
}

/**
 * Returns `value` where it is one of the words.
 *
 * @throws {ProblemError} 400
 */
export function oneOf<Word extends string>(name: string, value: unknown, words: readonly Word[]): Word {
  const found = words.find((word) => word === value);
  if (found !== undefined) return found;
  const near = typeof value === "string" ? nearMiss(value, words) : "";
  throw new ProblemError(400, `"${name}" is ${shown(value)}; expected one of ${words.join(", ")}${near}`);
}

/**
 * Returns the whole number that a text stands for.
 *
 * @throws {ProblemError} 400
 */
export function wholeNumber(
  name: string,
  text: string,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new ProblemError(400, `"${name}" is ${shown(text)}; expected a whole number from ${min} to ${max}`);
}

/** A value as a message quotes it, at a bearable length. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`;
}

function known<Name extends string>(what: string, key: string, names: readonly Name[]): Name {
  const name = names.find((each) => each === key);
  if (name !== undefined) return name;
  const expected = names.length === 0 ? "none" : `one of ${names.join(", ")}`;
  throw new ProblemError(400, `unknown ${what} ${shown(key)}; expected ${expected}${nearMiss(key, names)}`);
}

async function readText({ body }: Request): Promise<string> {
  const decoder = new TextDecoder();
  let [text, length] = ["", 0];
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) {
      throw new ProblemError(413, `the body is larger than ${MAX_BODY_BYTES} bytes`);
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
