/**
 * How text from elsewhere enters a log line. A client chooses its server name and whoever is behind a PROXY header its
 * address: neither may start a line of its own, colour a terminal, or reorder what an operator reads.
 *
 * @module
 */

// What most values are made of; one test of this spares them the slow path.
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

// A value that needs no quotes in a text line: no space, and nothing that the line's own punctuation uses.
const BARE = /^[\w.:/*@%+[\]-]+$/;

// Beside what JSON itself escapes: C1 controls (a terminal obeys U+009B as it does ESC [), the line separators of
// Unicode, zero-width and bidirectional marks, and the byte order mark.
const UNSAFE = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

// The C0 controls and lone surrogates, which JSON escapes but plain text does not. Not the backslash: what a message has
// with escapes, the bytes of an answer say, would be there with twice as many, and for exactness there is JSON.
// deno-lint-ignore no-control-regex -- control characters are what it looks for
const UNSAFE_IN_TEXT = /[\u0000-\u001f\p{Cs}]/gu;

/** The text as a JSON string that is one line of printable characters. */
export function jsonString(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : escapeUnsafe(JSON.stringify(text));
}

/** The text bare if it is one plain word, else as {@link jsonString} gives it. */
export function textToken(text: string): string {
  return BARE.test(text) ? text : jsonString(text);
}

/** JSON text whose strings may hold anything, as one line of printable characters. */
export function escapeUnsafe(json: string): string {
  return json.replace(UNSAFE, escapeUnit);
}

/** Free text, a message, as one line of printable characters; quotes stay as they are. */
export function escapeText(text: string): string {
  if (PLAIN.test(text)) return text;
  return escapeUnsafe(text.replace(UNSAFE_IN_TEXT, escapeTextUnit));
}

function escapeTextUnit(char: string): string {
  return char === "\n" ? "\\n" : escapeUnit(char);
}

function escapeUnit(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
