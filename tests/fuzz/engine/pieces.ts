import type { Draw } from "./draw.ts";

/** The bytes in pieces, cut anywhere: whole, one by one, or at a few places. */
export function inPieces(bytes: Uint8Array, draw: Draw): Uint8Array[] {
  const way = draw.below(4);
  if (way === 0 || bytes.length === 0) return [bytes];
  const places = way === 1 && bytes.length <= 64
    ? Array.from({ length: bytes.length - 1 }, (_, at) => at + 1)
    : draw.list(4, () => draw.below(bytes.length)).filter((at) => at > 0).sort((a, b) => a - b);
  const cuts = [0, ...new Set(places), bytes.length];
  return cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end));
}
