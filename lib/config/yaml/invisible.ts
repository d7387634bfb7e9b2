/** Characters that look like a space or like nothing, and are neither to YAML. */
const INVISIBLE =
  /[\u00A0\u00AD\u1680\u180E\u2000-\u200F\u202A-\u202F\u205F-\u2064\u2066-\u2069\u3000\uFEFF]/;

const NAMES: ReadonlyMap<string, string> = new Map([
  ["\u00A0", "no-break space"],
  ["\u00AD", "soft hyphen"],
  ["\u200B", "zero-width space"],
  ["\u200C", "zero-width non-joiner"],
  ["\u200D", "zero-width joiner"],
  ["\u202F", "narrow no-break space"],
  ["\u3000", "ideographic space"],
  ["\uFEFF", "byte order mark"],
]);

/** The first invisible character of a text: where it is, and what to call it (`a no-break space (U+00A0)`). */
export function nameOfInvisible(text: string): { readonly index: number; readonly name: string } | undefined {
  const match = INVISIBLE.exec(text);
  if (match === null) return undefined;
  const code = match[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
  const name = NAMES.get(match[0]) ?? "invisible character";
  return { index: match.index, name: `${/^[aeiou]/.test(name) ? "an" : "a"} ${name} (U+${code})` };
}
