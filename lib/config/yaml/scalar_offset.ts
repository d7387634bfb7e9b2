import { SCALAR_STYLE } from "js-yaml";
import type { ScalarEvent } from "js-yaml";

/** What comes before a scalar, which tells where it stands if nothing is written for it. */
export interface ScalarContext {
  readonly place: "key" | "item" | "value";
  /** The end of what came before it. */
  readonly after: number;
}

/** The dash of an empty item, after what came before it. */
const EMPTY_ITEM = /["']?(?:\s|[\]},]|#[^\n]*)*-(?=\s|$)/y;

/** The colon of an empty key, or the question mark before it. */
const EMPTY_KEY = /["']?(?:\s|[[\]{},]|-(?=[\s-])|#[^\n]*)*[:?](?=[\s,\]}]|$)/y;

/** Returns where a scalar starts in the text, the quote included; -1 for an empty one that cannot be found. */
export function scalarOffset(text: string, event: ScalarEvent, { place, after }: ScalarContext): number {
  const { style, valueStart, tagStart, anchorStart } = event;
  if (valueStart >= 0) {
    const isQuoted = style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED;
    return isQuoted ? valueStart - 1 : valueStart;
  }
  if (place === "value") return -1;
  // A tag or an anchor of nothing stands where the value would.
  if (tagStart >= 0 || anchorStart >= 0) return Math.max(tagStart, anchorStart - 1);
  // An empty item of a block sequence, or an empty key, has only its mark.
  const mark = place === "key" ? EMPTY_KEY : EMPTY_ITEM;
  mark.lastIndex = after;
  if (mark.test(text)) return mark.lastIndex - 1;
  // Behind a directive or the mark of a document it is not found: near it is better than nowhere.
  return place === "key" ? after : -1;
}
