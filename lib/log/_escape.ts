/**
 * How untrusted text enters a log line. A client chooses its server name, and the sender of a PROXY header an address:
 * neither may start a line of its own, colour a terminal, or reorder what an operator reads.
 *
 * @module
 */

// Most values match this, and skip the slow path.
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

// Values that need no quotes in a text line: no spaces, and none of the line's own punctuation.
const BARE = /^[\w.:/*@%+[\]-]+$/;

// What JSON leaves unescaped: C1 controls (a terminal obeys U+009B like ESC [), Unicode line separators, zero-width and
// bidirectional marks, and the byte order mark.
const UNSAFE = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

// C0 controls and lone surrogates, which JSON escapes but plain text does not. Not the backslash: escapes that a message
// already contains would be doubled. The JSON format is the exact one.
// deno-lint-ignore no-control-regex -- it matches control characters on purpose
const UNSAFE_IN_TEXT = /[\u0000-\u001f\p{Cs}]/gu;

/** Returns the text as a JSON string: one line of printable characters. */
export function jsonString(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : escapeUnsafe(JSON.stringify(text));
}

/** Returns the text as it is if it is one plain word, otherwise as {@link jsonString}. */
export function textToken(text: string): string {
  return BARE.test(text) ? text : jsonString(text);
}

/** Returns JSON text, whatever its strings contain, as one line of printable characters. */
export function escapeUnsafe(json: string): string {
  return json.replace(UNSAFE, escapeUnit);
}

/** Returns free text, such as a message, as one line of printable characters; quotes stay as they are. */
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
