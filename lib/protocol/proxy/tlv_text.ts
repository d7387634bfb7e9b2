/**
 * A field's value as logs show it: the text that it is, with `\\xNN` for bytes that are no printable UTF-8 and `\\\\` for a
 * backslash, so that different values are never the same text.
 */
export function tlvText(value: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value)
      .replace(UNPRINTABLE, (character) => character === "\\" ? "\\\\" : escapes(encoder.encode(character)));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return Array.from(value, (byte) => byte === 0x5c ? "\\\\" : isAscii(byte) ? char(byte) : escapes([byte]))
      .join("");
  }
}

const encoder = new TextEncoder();

/** Controls, line separators, marks that turn text around, and the backslash itself. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\\]/gu;

function isAscii(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f;
}

function char(byte: number): string {
  return String.fromCharCode(byte);
}

function escapes(bytes: Iterable<number>): string {
  return Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
}
