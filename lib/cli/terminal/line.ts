import { clip, visible, widthOf } from "./cells.ts";

/** What a part of a line means; a terminal with colours shows it by one. */
export type Tone =
  | "plain"
  | "dim"
  | "bold"
  | "good"
  | "warn"
  | "bad"
  | "accent"
  | "title"
  | "selected"
  | "key";

/** A part of a line, all of one tone. */
export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

/** One line on the screen. */
export type Line = readonly Span[];

/** How a terminal shows tones: in colours, by weight and inversion alone, or not at all. */
export type Paint = "color" | "mono" | "none";

/** The SGR parameters of ECMA-48; only the eight colours of the terminal's own theme, so that any background is readable. */
const CODES: Readonly<Record<Exclude<Paint, "none">, Readonly<Record<Tone, string>>>> = {
  color: {
    plain: "",
    dim: "2",
    bold: "1",
    good: "32",
    warn: "33",
    bad: "1;31",
    accent: "36",
    title: "7",
    selected: "30;46",
    key: "30;46",
  },
  mono: {
    plain: "",
    dim: "",
    bold: "1",
    good: "",
    warn: "",
    bad: "1",
    accent: "",
    title: "4",
    selected: "7",
    key: "7",
  },
};

/** Returns a span; what a terminal would obey becomes visible. */
export function span(text: string, tone: Tone = "plain"): Span {
  return { text: visible(text), tone };
}

/** Returns how many cells a line takes. */
export function lineWidth(line: Line): number {
  return line.reduce((sum, { text }) => sum + widthOf(text), 0);
}

/** Returns the line in at most `width` cells. */
export function clipLine(line: Line, width: number): Line {
  const clipped: Span[] = [];
  let left = width;
  for (const part of line) {
    if (left <= 0) break;
    const text = clip(part.text, left);
    clipped.push({ ...part, text });
    left -= widthOf(text);
  }
  return clipped;
}

/** Returns the line in exactly `width` cells: cut, or filled with spaces. */
export function fitLine(line: Line, width: number, tone: Tone = "plain"): Line {
  const clipped = clipLine(line, width);
  const missing = width - lineWidth(clipped);
  return missing > 0 ? [...clipped, { text: " ".repeat(missing), tone }] : clipped;
}

/** Returns one line with `left` at its left and `right` at its right end; where both have no room, `right` goes. */
export function spread(left: Line, right: Line, width: number): Line {
  const gap = width - lineWidth(left) - lineWidth(right);
  return gap < 2 ? clipLine(left, width) : [...left, { text: " ".repeat(gap), tone: "plain" }, ...right];
}

/** Returns as many of the parts as have room, whole ones, with `gap` between them; the first in any case. */
export function joinWhole(parts: readonly Line[], width: number, gap = "  "): Line {
  const line: Span[] = [];
  for (const part of parts) {
    const next = line.length === 0 ? part : [span(gap), ...part];
    if (line.length > 0 && lineWidth(line) + lineWidth(next) > width) break;
    line.push(...next);
  }
  return line;
}

/** Returns the line in one tone. */
export function retone(line: Line, tone: Tone): Line {
  return line.map(({ text }) => ({ text, tone }));
}

/** Returns the line as a terminal is sent it; it ends with the default colours. */
export function paintLine(line: Line, paint: Paint): string {
  if (paint === "none") return plainLine(line);
  const codes = CODES[paint];
  return line.map(({ text, tone }) => codes[tone] === "" ? text : `\x1b[${codes[tone]}m${text}\x1b[m`).join(
    "",
  );
}

/** Returns the line without tones and without spaces at its end. */
export function plainLine(line: Line): string {
  return line.map(({ text }) => text).join("").trimEnd();
}
