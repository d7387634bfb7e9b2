/**
 * Text as a terminal shows it: how many cells it takes, and nothing in it that a terminal would obey.
 *
 * @module
 */

/** What needs no care: printable ASCII, one cell each. */
const PLAIN = /^[\x20-\x7e]*$/;

/** Controls, format and bidirectional marks, separators, lone surrogates, and what no standard assigns. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Cn}]/u;

/** Drawn over the character before them. */
const MARK = /[\p{Mn}\p{Me}\u1160-\u11ff]/u;

/** Terminals disagree on the width of what these change. */
const VARIATION = /\p{Variation_Selector}/u;

/** Halves of a flag: terminals show two of them in two cells. */
const REGIONAL = /\p{Regional_Indicator}/u;

/** Two cells each: wide and fullwidth of Unicode's East Asian Width (UAX 11), and pictures. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]/u;

/** The most marks on one character; more only serve to draw over other lines. */
const MAX_MARKS = 2;

/** A character, or an escape for one, and the cells that it takes. */
interface Piece {
  readonly text: string;
  readonly width: number;
}

/** Returns the text with everything that a terminal would obey as an escape: `\u001b`. Doing it twice changes nothing. */
export function visible(text: string): string {
  if (PLAIN.test(text)) return text;
  return [...pieces(text)].map((piece) => piece.text).join("");
}

/** Returns how many cells a text takes once it is {@link visible}. */
export function widthOf(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const piece of pieces(text)) width += piece.width;
  return width;
}

/** Returns the text in exactly `width` cells: padded, or cut with an ellipsis. */
export function fit(text: string, width: number, align: "left" | "right" = "left"): string {
  const cut = clip(text, width);
  const pad = " ".repeat(width - widthOf(cut));
  return align === "left" ? cut + pad : pad + cut;
}

/** Returns the text in at most `width` cells, cut with an ellipsis. */
export function clip(text: string, width: number): string {
  if (width <= 0) return "";
  if (PLAIN.test(text) && text.length <= width) return text;
  const all = [...pieces(text)];
  const total = all.reduce((sum, piece) => sum + piece.width, 0);
  if (total <= width) return all.map((piece) => piece.text).join("");
  let [cut, used] = ["", 0];
  for (const piece of all) {
    if (used + piece.width > width - 1) break;
    cut += piece.text;
    used += piece.width;
  }
  return `${cut}…`;
}

function* pieces(text: string): Generator<Piece> {
  let marks = 0;
  for (const character of text) {
    if (VARIATION.test(character)) continue;
    const isMark = MARK.test(character);
    marks = isMark ? marks + 1 : 0;
    if (isMark) {
      if (marks <= MAX_MARKS) yield { text: character, width: 0 };
    } else if (UNSAFE.test(character)) {
      const escape = `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
      yield { text: escape, width: escape.length };
    } else {
      yield { text: character, width: !REGIONAL.test(character) && WIDE.test(character) ? 2 : 1 };
    }
  }
}
