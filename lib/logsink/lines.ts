/**
 * Lines and what becomes of them on the way to a log server.
 *
 * @module
 */

const LINE_FEED = 10;

/** The longest message; rsyslog cuts longer ones by default. */
export const MAX_MESSAGE_BYTES = 8192;

/**
 * Returns the first line of `bytes` from `from` on, without its line feed, and where the next one begins; `undefined` if
 * no line ends there.
 */
export function lineAt(bytes: Uint8Array, from: number): { line: Uint8Array; next: number } | undefined {
  const end = bytes.indexOf(LINE_FEED, from);
  return end < 0 ? undefined : { line: bytes.subarray(from, end), next: end + 1 };
}

/** Returns the message, cut to `maxBytes`, but not within a character of UTF-8. */
export function shortened(message: Uint8Array, maxBytes = MAX_MESSAGE_BYTES): Uint8Array {
  if (message.length <= maxBytes) return message;
  let end = maxBytes;
  while (end > 0 && isContinuation(message[end] ?? 0)) end--;
  return message.subarray(0, end);
}

function isContinuation(byte: number): boolean {
  return (byte & 0b1100_0000) === 0b1000_0000;
}

/** Lines as frames of RFC 6587 section 3.4.1: `LENGTH SP MESSAGE`, where the length is of the message in bytes. */
export interface Frames {
  readonly bytes: Uint8Array;
  /** The end of each frame in `bytes`, and of its line in the input. */
  readonly ends: readonly { readonly frame: number; readonly line: number }[];
}

const encoder = new TextEncoder();

/** Frames whole lines from the start of `lines`, as many as fit in `maxBytes` but at least one if there is one. */
export function octetCounted(lines: Uint8Array, maxBytes: number): Frames {
  const parts: Uint8Array[] = [];
  const ends: { frame: number; line: number }[] = [];
  let length = 0;
  for (let found = lineAt(lines, 0); found !== undefined; found = lineAt(lines, found.next)) {
    const message = shortened(found.line);
    const count = encoder.encode(`${message.length} `);
    if (length > 0 && length + count.length + message.length > maxBytes) break;
    parts.push(count, message);
    length += count.length + message.length;
    ends.push({ frame: length, line: found.next });
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { bytes, ends };
}

/** The length of the lines whose frames are whole within the first `sent` bytes. */
export function linesWithin({ ends }: Frames, sent: number): number {
  let length = 0;
  for (const { frame, line } of ends) {
    if (frame > sent) break;
    length = line;
  }
  return length;
}
