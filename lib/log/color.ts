/** When log lines are coloured: on a terminal, unless `NO_COLOR` is set; always; never. */
export type ColorChoice = "auto" | "always" | "never";

/** Whether lines for a stream are coloured. Needs no permission: the runtime itself has read `NO_COLOR` (no-color.org). */
export function isColored(choice: ColorChoice, stream: { isTerminal(): boolean }): boolean {
  if (choice !== "auto") return choice === "always";
  return stream.isTerminal() && !Deno.noColor;
}

/** How a part of a line is coloured. */
export type Paint = (text: string) => string;

/** SGR colours of ECMA-48, each ended by "default". */
function sgr(begin: number, end: number): Paint {
  return (text) => `\x1b[${begin}m${text}\x1b[${end}m`;
}

export const dim: Paint = sgr(2, 22);
export const red: Paint = sgr(31, 39);
export const yellow: Paint = sgr(33, 39);
export const green: Paint = sgr(32, 39);
