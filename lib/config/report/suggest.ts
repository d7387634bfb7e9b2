import { levenshteinDistance } from "@std/text/levenshtein-distance";

/** Longer than this, nobody has mistyped a word of ours. */
const MAX_WORD = 40;

/** The one of these words that is closest to a word, if any is close, and no other is as close. */
export function suggest(word: string, words: readonly string[]): string | undefined {
  if (word.length === 0 || word.length > MAX_WORD) return undefined;
  const plain = normalize(word);
  let best: string | undefined;
  let bestDistance = Infinity;
  let isTied = false;
  for (const candidate of words) {
    const distance = distanceBetween(plain, normalize(candidate));
    if (distance > bestDistance || candidate === best) continue;
    isTied = distance === bestDistance;
    best = candidate;
    bestDistance = distance;
  }
  return best === word || isTied || bestDistance === Infinity ? undefined : best;
}

/**
 * Edits between two words, `Infinity` for words that are not alike; the start of a word, and one with two letters
 * swapped, are always alike.
 */
function distanceBetween(word: string, candidate: string): number {
  const shorter = Math.min(word.length, candidate.length);
  const isStart = shorter >= 3 && (candidate.startsWith(word) || word.startsWith(candidate));
  const distance = levenshteinDistance(word, candidate);
  const isSwap = distance === 2 && letters(word) === letters(candidate);
  return isStart || isSwap || distance <= Math.max(1, Math.floor(shorter / 3)) ? distance : Infinity;
}

function letters(word: string): string {
  return [...word].sort().join("");
}

/** Treats `connectTimeout` and `connect-timeout` as `connect_timeout`. */
function normalize(word: string): string {
  return word.replace(/([a-z])([A-Z])/g, "$1_$2").replaceAll("-", "_").toLowerCase();
}
