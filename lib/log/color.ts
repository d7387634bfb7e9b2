/** When log lines are coloured; `auto`: on a terminal, unless `NO_COLOR` is set. */
export type ColorChoice = "auto" | "always" | "never";

/** Whether lines for a stream are coloured. Needs no permission: the runtime reads `NO_COLOR` (no-color.org) itself. */
export function isColored(choice: ColorChoice, stream: { isTerminal(): boolean }): boolean {
  if (choice !== "auto") return choice === "always";
  return stream.isTerminal() && !Deno.noColor;
}

/** Colours a part of a line. */
export type Paint = (text: string) => string;

/** An SGR sequence of ECMA-48 around the text; `end` resets what `begin` sets. */
function sgr(begin: number, end: number): Paint {
  return (text) => `\x1b[${begin}m${text}\x1b[${end}m`;
}

export const dim: Paint = sgr(2, 22);
export const red: Paint = sgr(31, 39);
export const yellow: Paint = sgr(33, 39);
export const green: Paint = sgr(32, 39);
