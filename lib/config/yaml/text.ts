/**
 * Places in a text, and how a piece of it is shown.
 *
 * @module
 */

/** A place in a text; both from 1, the column in UTF-16 code units. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** The widest excerpt, in code points. */
const MAX_EXCERPT = 100;

/** How much of a long line is shown before the place. */
const EXCERPT_BEFORE = 60;

let indexed: { readonly text: string; readonly starts: readonly number[] } | undefined;

/** The place of an offset. */
export function placeOf(text: string, offset: number): Place {
  const starts = lineStarts(text);
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
}

/** The line of a place and a caret below the column, both after a margin with the line's number. */
export function excerpt(text: string, place: Place): string {
  const start = lineStarts(text)[place.line - 1] ?? text.length;
  const column = start + place.column - 1;
  const lead = start < column - EXCERPT_BEFORE ? column - EXCERPT_BEFORE : start;
  const before = text.slice(lead, column);
  const rest = /[^\r\n]*/y;
  rest.lastIndex = column;
  const after = text.slice(
    column,
    Math.min(rest.test(text) ? rest.lastIndex : column, column + MAX_EXCERPT + 1),
  );
  const shownBefore = (lead > start ? "…" : "") + escapeControls(before.replaceAll("\t", " "));
  const room = Math.max(1, MAX_EXCERPT - [...shownBefore].length);
  const number = String(place.line).padStart(5);
  return `${number} | ${shownBefore}${shorten(after.replaceAll("\t", " "), room)}`.trimEnd() +
    `\n      | ${" ".repeat([...shownBefore].length)}^`;
}

/** Makes visible what a terminal would obey or hide: control and format characters, and halves of surrogate pairs. */
export function escapeControls(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}

/** A text with controls made visible, cut to a length in code points with a mark where it was cut. */
export function shorten(text: string, length: number): string {
  // Cut before escaping: what is escaped may be a megabyte.
  const shown = [...escapeControls(text.slice(0, 2 * length + 2))];
  const whole = shown.length <= length && text.length <= 2 * length + 2;
  return whole ? shown.join("") : `${shown.slice(0, length - 1).join("")}…`;
}

function lineStarts(text: string): readonly number[] {
  // One text is asked about many times in a row; finding its lines is most of the work.
  if (indexed?.text === text) return indexed.starts;
  const starts = [0];
  for (const match of text.matchAll(/\r\n|\n|\r/g)) starts.push(match.index + match[0].length);
  indexed = { text, starts };
  return starts;
}
