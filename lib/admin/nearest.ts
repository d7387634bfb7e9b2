import { levenshteinDistance } from "@std/text/levenshtein-distance";

/** The most names that a message lists. */
const MAX_NAMES = 8;

/** A longer text is not a mistyped name. */
const MAX_WORD = 100;

/** Says which of the known names is meant, or which there are: `; did you mean "web"?` or `; expected one of …`. */
export function nearest(word: string, names: readonly string[]): string {
  const distances = word.length > MAX_WORD
    ? []
    : names.map((name) => ({ name, distance: levenshteinDistance(word.toLowerCase(), name.toLowerCase()) }));
  const [best] = distances.sort((a, b) => a.distance - b.distance);
  if (best !== undefined && best.distance <= Math.max(1, Math.floor(best.name.length / 3))) {
    return `; did you mean "${best.name}"?`;
  }
  const shown = names.slice(0, MAX_NAMES).join(", ");
  return `; expected one of ${shown}${names.length > MAX_NAMES ? ", …" : ""}`;
}
