import { NO_BYTES, type UpgradeStep } from "./upgrade.ts";

/** The longest line that is read, its end included (RFC 5321 section 4.5.3.1.4 has 512, extensions want more). */
export const MAX_LINE_BYTES = 2048;

/** A line, and how many bytes it took. */
export interface TextLine {
  /** Without its end, one character a byte. */
  readonly text: string;
  readonly length: number;
}

/** The first line held, as `LF` or `CRLF` ends it; `undefined` where it is not whole. */
export function firstLine(bytes: Uint8Array): TextLine | undefined {
  const end = bytes.indexOf(0x0a);
  if (end === -1) return undefined;
  const text = latin1(bytes.subarray(0, end));
  return { text: text.endsWith("\r") ? text.slice(0, -1) : text, length: end + 1 };
}

/** Reads on, unless the line is too long already. */
export function needLine(bytes: Uint8Array, who: "client" | "target"): UpgradeStep {
  return bytes.length < MAX_LINE_BYTES
    ? { kind: "need_more" }
    : refusedLine(`the ${who} sent a line of more than ${MAX_LINE_BYTES} bytes`);
}

/** A refusal, with a last line for the peer. */
export function refusedLine(problem: string, line?: string): UpgradeStep {
  return { kind: "refused", bytes: line === undefined ? NO_BYTES : crlf(line), problem };
}

/** Lines as they are sent. */
export function crlf(...lines: readonly string[]): Uint8Array {
  return new TextEncoder().encode(lines.map((line) => `${line}\r\n`).join(""));
}

/** One character a byte. */
export function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** What a peer said, for a message: printable, and not too long. */
export function quoted(text: string): string {
  return JSON.stringify(text.replace(/[^\x20-\x7e]/g, "?").slice(0, 120));
}
