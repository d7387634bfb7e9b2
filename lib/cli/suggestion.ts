import { closestString } from "@std/text/closest-string";
import { levenshteinDistance } from "@std/text/levenshtein-distance";

/** ` (did you mean "targets"?)` where a word is near enough to one that is known, else nothing. */
export function suggestion(word: string, known: readonly string[]): string {
  if (known.length === 0) return "";
  const closest = closestString(word, [...known]);
  // Beyond a third of the letters it is another word and not a slip.
  const isNear = levenshteinDistance(word, closest) <= Math.max(1, Math.ceil(closest.length / 3));
  return isNear ? `, did you mean "${closest}"?` : "";
}
