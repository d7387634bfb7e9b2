/**
 * Reads JSON that some server has sent: what is not as it should be is an error, and what a terminal would obey is made
 * visible.
 *
 * @module
 */

/** JSON that has another shape than was wanted. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
}

/** A mapping of which nothing is known. */
export type JsonRecord = Readonly<Record<string, unknown>>;

export function recordOf(value: unknown): JsonRecord {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonRecord;
  throw new ShapeError("a value is no mapping");
}

export function textIn(json: JsonRecord, key: string): string {
  const value = json[key];
  if (typeof value === "string") return printable(value);
  throw new ShapeError(`"${key}" is no text`);
}

export function booleanIn(json: JsonRecord, key: string): boolean {
  const value = json[key];
  if (typeof value === "boolean") return value;
  throw new ShapeError(`"${key}" is neither true nor false`);
}

export function listIn(json: JsonRecord, key: string): readonly unknown[] {
  const value = json[key];
  if (Array.isArray(value)) return value;
  throw new ShapeError(`"${key}" is no list`);
}

/** A text without what a terminal obeys or hides: control and format characters, and halves of surrogate pairs. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}
