import { concat } from "../../helpers/bytes.ts";
import type { Draw } from "./draw.ts";

/** The longest input that mutations make. */
const MAX_BYTES = 4096;

const ENCODER = new TextEncoder();
const NOTHING = new Uint8Array();

export interface MutateOptions {
  readonly dictionary: readonly (string | Uint8Array)[];
  /** Another input, to take pieces of. */
  readonly other: Uint8Array;
}

/** Changes an input in one to four places: bits, bytes, numbers, tokens, pieces doubled, dropped, moved or of another. */
export function mutate(input: Uint8Array, draw: Draw, options: MutateOptions): Uint8Array {
  let bytes: Uint8Array = input.slice();
  for (let changes = draw.once(2) ? 1 : draw.between(1, 4); changes > 0; changes--) {
    bytes = mutateOnce(bytes, draw, options);
    if (bytes.length > MAX_BYTES) bytes = bytes.slice(0, MAX_BYTES);
  }
  return bytes;
}

function mutateOnce(bytes: Uint8Array, draw: Draw, { dictionary, other }: MutateOptions): Uint8Array {
  const at = draw.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + 1 + draw.below(draw.once(4) ? bytes.length : 8));
  const insert = (middle: Uint8Array, from = at): Uint8Array =>
    concat(bytes.subarray(0, at), middle, bytes.subarray(from));
  switch (draw.below(10)) {
    case 0:
      if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << draw.below(8));
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = draw.edge(8);
      return bytes;
    case 2: {
      const value = draw.edge(16);
      if (at + 1 < bytes.length) bytes.set([value >> 8, value & 255], at);
      return bytes;
    }
    case 3:
      if (at < bytes.length) bytes[at] = ((bytes[at] ?? 0) + (draw.once(2) ? 1 : 255)) & 255;
      return bytes;
    case 4:
      return insert(draw.bytes(4));
    case 5:
      return insert(NOTHING, end);
    case 6:
      return insert(bytes.subarray(at, end));
    case 7:
      return bytes.subarray(0, at);
    case 8: {
      if (dictionary.length === 0) return bytes;
      const token = draw.pick(dictionary);
      return insert(typeof token === "string" ? ENCODER.encode(token) : token, draw.once(2) ? at : end);
    }
    default: {
      const from = draw.below(other.length + 1);
      return insert(other.subarray(from, from + draw.below(64)), draw.once(2) ? at : end);
    }
  }
}
