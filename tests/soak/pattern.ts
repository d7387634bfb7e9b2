import { Buffer } from "node:buffer";
import { randomBytes } from "../helpers/clients.ts";

/** Prime, so that pieces of the size of a page or a buffer never line up with it. */
const PERIOD = 1_000_003;

/** The longest piece that one call compares or returns. */
const LONGEST = 256 * 1024;

const BYTES = repeated(randomBytes(PERIOD, 11));

function repeated(period: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(PERIOD + LONGEST);
  bytes.set(period);
  bytes.set(period.subarray(0, LONGEST), PERIOD);
  return bytes;
}

/** The bytes from a position of an endless stream, up to 256 KiB. */
export function patternAt(position: number, length: number): Uint8Array<ArrayBuffer> {
  const at = position % PERIOD;
  return BYTES.subarray(at, at + Math.min(length, LONGEST));
}

/** Whether bytes are those of the stream at a position. */
export function isPattern(bytes: Uint8Array, position: number): boolean {
  for (let at = 0; at < bytes.length;) {
    const expected = patternAt(position + at, bytes.length - at);
    if (Buffer.compare(expected, bytes.subarray(at, at + expected.length)) !== 0) return false;
    at += expected.length;
  }
  return true;
}
