/**
 * The events of a YAML text. Inside brackets and quotes the parser wants every line indented further than the key that they
 * belong to (YAML 1.2.2 section 6.1), and no tab before it. Hardly anybody who writes
 *
 *     ports: [
 *       5432,
 *     ]
 *
 * knows that. Such lines are indented for the parser, and the offsets that it gives led back.
 *
 * @module
 */

import { type Event, EVENT_ID, parseEvents, SCALAR_STYLE, YAMLException } from "js-yaml";

/** A text as the parser was given it, what it found in it, and the way back. */
export interface Layout {
  readonly kind: "layout";
  /** The text that offsets in `events` are of. */
  readonly text: string;
  readonly events: readonly Event[];
  /** The offset in the text as it was written. */
  original(offset: number): number;
}

/** A text that the parser refuses, with its words. */
export interface Refusal {
  readonly kind: "refusal";
  readonly reason: string;
  /** In the text as it was written. */
  readonly offset: number;
}

export interface LayoutOptions {
  /** How deep the text may be nested. */
  readonly maxDepth: number;
}

/** Wider than the deepest indentation of what can be read at all. */
const INDENT = " ".repeat(256);

/** How many characters are parsed at most, all tries together: about half a second's worth. */
const MAX_PARSED = 16 * 1024 * 1024;

/** Lines that begin with a closing bracket; those of block scalars are spared later. */
const CLOSERS = /^[ \t]*[\]}]/gm;

/** The end of a line after which a block scalar begins, whose first line says how far it is indented. */
const BLOCK_SCALAR = /[|>][-+1-9]{0,2}[ \t]*(?:#.*)?[\r\n]+$/;

/** Reads the events. A {@link RangeError} of a text that is nested too deep for the stack is let through. */
export function readLayout(
  text: string,
  { maxDepth }: LayoutOptions,
): Layout | Refusal {
  const lines = new IndentedLines(text);
  for (let parsed = 0;;) {
    const laidOut = lines.text;
    parsed += laidOut.length;
    try {
      const events = parseEvents(laidOut, { maxDepth });
      if (lines.spareBlockScalars(events)) continue;
      return {
        kind: "layout",
        text: laidOut,
        events,
        original: (offset) => lines.original(offset),
      };
    } catch (error) {
      if (!(error instanceof YAMLException)) throw error;
      const offset = lines.original(error.mark?.position ?? 0);
      const isLaidOutBadly = error.reason === "deficient indentation" && parsed < MAX_PARSED;
      if (!isLaidOutBadly || !lines.mend(offset)) return { kind: "refusal", reason: error.reason, offset };
    }
  }
}

/** A text in which some lines have been indented. */
class IndentedLines {
  readonly #written: string;
  /** As written, but for tabs that have become spaces. */
  #plain: string;
  /** The offsets of the lines that are indented. */
  readonly #indented = new Set<number>();
  #starts: readonly number[] = [];
  #hasIndentedClosers = false;

  constructor(text: string) {
    this.#written = text;
    this.#plain = text;
  }

  get text(): string {
    this.#starts = [...this.#indented].sort((a, b) => a - b);
    const ends = [...this.#starts.slice(1), this.#plain.length];
    const pieces = this.#starts.map((start, index) => INDENT + this.#plain.slice(start, ends[index]));
    return this.#plain.slice(0, this.#starts[0]) + pieces.join("");
  }

  /** The offset in the text as it was written. */
  original(offset: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) + middle * INDENT.length <= offset) low = middle + 1;
      else high = middle;
    }
    const before = this.#starts[low - 1];
    return before === undefined ? offset : Math.max(before, offset - low * INDENT.length);
  }

  /** Does what can be done for the parser to get past an offset; gives whether there was something. */
  mend(offset: number): boolean {
    const start =
      Math.max(this.#plain.lastIndexOf("\n", offset - 1), this.#plain.lastIndexOf("\r", offset - 1)) + 1;
    const before = this.#plain.slice(start, offset);
    if (before.trim() !== "") return this.#replaceTabs(start, before);
    if (this.#indented.has(start)) return false;
    // Where one bracket closes so, the others most likely do too, and each would take a try of its own.
    if (!this.#hasIndentedClosers) this.#indentClosers();
    this.#indented.add(start);
    return true;
  }

  /** Takes back what was indented within block scalars, whose spaces count; gives whether there was any. */
  spareBlockScalars(events: readonly Event[]): boolean {
    if (this.#starts.length === 0) return false;
    const before = this.#indented.size;
    let index = 0;
    const at = (i: number): number => (this.#starts[i] ?? Infinity) + i * INDENT.length;
    for (const event of events) {
      if (event.type !== EVENT_ID.SCALAR) continue;
      if (event.style !== SCALAR_STYLE.LITERAL_BLOCK && event.style !== SCALAR_STYLE.FOLDED_BLOCK) continue;
      while (at(index) < event.valueStart) index++;
      for (; at(index) < event.valueEnd; index++) this.#indented.delete(this.#starts[index] ?? -1);
    }
    return this.#indented.size < before;
  }

  #replaceTabs(start: number, before: string): boolean {
    if (!before.includes("\t")) return false;
    const end = start + before.length;
    const spaced = before.replaceAll(/"(?:[^"\\]|\\.)*"|'[^']*'|\t/g, (part) => part === "\t" ? " " : part);
    if (spaced === before) return false;
    this.#plain = this.#plain.slice(0, start) + spaced + this.#plain.slice(end);
    return true;
  }

  #indentClosers(): void {
    this.#hasIndentedClosers = true;
    for (const { index } of this.#written.matchAll(CLOSERS)) {
      const lineBefore = this.#written.slice(Math.max(0, index - 200), index);
      if (!BLOCK_SCALAR.test(lineBefore)) this.#indented.add(index);
    }
  }
}
