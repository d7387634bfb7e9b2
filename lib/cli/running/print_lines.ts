import type { Io } from "../io.ts";
import { type Line, paintLine } from "../terminal/line.ts";

/** Wider than any line: what is not a terminal takes lines as long as they are. */
const UNLIMITED = 10_000;

/** Returns how wide a command's lines may be. */
export function lineRoom({ terminal }: Io): { readonly columns: number } {
  return { columns: terminal?.columns ?? UNLIMITED };
}

/** Prints lines, in colours on a terminal that has them. */
export async function printLines(lines: readonly Line[], io: Io): Promise<void> {
  const paint = io.terminal?.isColored === true ? "color" : "none";
  await io.print(lines.map((line) => paintLine(line, paint).trimEnd()).join("\n"));
}
