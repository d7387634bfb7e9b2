/**
 * Bytes as operators write them in `send` and `expect`, and as messages show them.
 *
 * @module
 */

/** A text of a health check that cannot be parsed; the message says why and what is expected. */
export class CheckTextError extends Error {
  override readonly name = "CheckTextError";
}

/** The most of an operator's text that a message quotes, so that what is said about it is read too. */
const MAX_QUOTED = 120;

/** An operator's text as a message quotes it, cut if it is long. */
export function quotedText(text: string): string {
  return text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text;
}

const ESCAPES: Readonly<Record<string, number>> = { r: 0x0d, n: 0x0a, t: 0x09, 0: 0x00, "\\": 0x5c };

/**
 * Parses a text with the escapes `\r`, `
 * `, `\t`, `\0`, `\xNN` and `\\`; everything else becomes UTF-8.
 *
 * @throws {CheckTextError} when it is empty or has another escape.
 */
export function parseCheckBytes(text: string): Uint8Array<ArrayBuffer> {
  if (text === "") throw new CheckTextError("the text is empty; expected at least one byte");
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  for (const [piece] of text.matchAll(/\\x[0-9A-Fa-f]{2}|\\[^]?|[^\\]+/g)) {
    if (!piece.startsWith("\\")) { for (const byte of encoder.encode(piece)) bytes.push(byte); }
    else if (piece.length === 4) bytes.push(parseInt(piece.slice(2), 16));
    else bytes.push(escaped(piece));
  }
  return Uint8Array.from(bytes);
}

function escaped(piece: string): number {
  const byte = ESCAPES[piece.slice(1)];
  if (byte !== undefined) return byte;
  throw new CheckTextError(`the escape "${piece}" is unknown; expected \\r, \\n, \\t, \\0, \\xNN or \\\\`);
}

const SHOWN: Readonly<Record<number, string>> = {
  0x0d: "\\r",
  0x0a: "\\n",
  0x09: "\\t",
  0x00: "\\0",
  0x22: '\\"',
  0x5c: "\\\\",
};

/** Returns bytes as printable text in double quotes, cut after `limit` bytes with an ellipsis. */
export function showBytes(bytes: Uint8Array, limit: number): string {
  const shown = Array.from(
    bytes.subarray(0, limit),
    (byte) =>
      SHOWN[byte] ??
        (byte >= 0x20 && byte < 0x7f
          ? String.fromCharCode(byte)
          : `\\x${byte.toString(16).padStart(2, "0")}`),
  );
  return `"${shown.join("")}${bytes.length > limit ? "…" : ""}"`;
}

/** Concatenates byte arrays. */
export function concatBytes(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
