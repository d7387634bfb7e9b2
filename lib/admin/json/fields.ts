/**
 * Reads JSON from an untrusted server: throws at an unexpected shape, and makes terminal control characters visible.
 *
 * @module
 */

/** JSON of an unexpected shape. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
}

/** A JSON object with unknown members. */
export type JsonRecord = Readonly<Record<string, unknown>>;

export function recordOf(value: unknown): JsonRecord {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonRecord;
  throw new ShapeError("a value is not an object");
}

export function textIn(json: JsonRecord, key: string): string {
  const value = json[key];
  if (typeof value === "string") return printable(value);
  throw new ShapeError(`"${key}" is not a string`);
}

export function booleanIn(json: JsonRecord, key: string): boolean {
  const value = json[key];
  if (typeof value === "boolean") return value;
  throw new ShapeError(`"${key}" is not a boolean`);
}

export function listIn(json: JsonRecord, key: string): readonly unknown[] {
  const value = json[key];
  if (Array.isArray(value)) return value;
  throw new ShapeError(`"${key}" is not an array`);
}

/** Returns the text with control and format characters, and lone surrogates, escaped. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}
