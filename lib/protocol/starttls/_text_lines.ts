import { NO_BYTES, type UpgradeStep } from "./upgrade.ts";

/** Longest accepted line, including its end (RFC 5321 section 4.5.3.1.4 has 512; extensions need more). */
export const MAX_LINE_BYTES = 2048;

/** A line and its length in bytes. */
export interface TextLine {
  /** Without its line end, one character per byte. */
  readonly text: string;
  readonly length: number;
}

/** Returns the first held line, ended by `LF` or `CRLF`; `undefined` if it is incomplete. */
export function firstLine(bytes: Uint8Array): TextLine | undefined {
  const end = bytes.indexOf(0x0a);
  if (end === -1) return undefined;
  const text = latin1(bytes.subarray(0, end));
  return { text: text.endsWith("\r") ? text.slice(0, -1) : text, length: end + 1 };
}

/** Asks for more bytes, unless the line is already too long. */
export function needLine(bytes: Uint8Array, who: "client" | "target"): UpgradeStep {
  return bytes.length < MAX_LINE_BYTES
    ? { kind: "need_more" }
    : refusedLine(`the ${who} sent a line of more than ${MAX_LINE_BYTES} bytes`);
}

/** Refuses, with a final line for the peer. */
export function refusedLine(problem: string, line?: string): UpgradeStep {
  return { kind: "refused", bytes: line === undefined ? NO_BYTES : crlf(line), problem };
}

/** Encodes lines with CRLF. */
export function crlf(...lines: readonly string[]): Uint8Array {
  return new TextEncoder().encode(lines.map((line) => `${line}\r\n`).join(""));
}

/** Decodes one character per byte. */
export function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** Quotes a peer's text for a message: printable and shortened. */
export function quoted(text: string): string {
  return JSON.stringify(text.replace(/[^\x20-\x7e]/g, "?").slice(0, 120));
}
