/** A command of a console block, and what it prints. */
export interface ConsoleStep {
  /** May have several lines: `> ` goes on. */
  readonly command: string;
  readonly expected: readonly string[];
}

/** Reads a block in which commands stand after `$ ` and what they print below. */
export function consoleSteps(text: string): ConsoleStep[] {
  const steps: { command: string; expected: string[] }[] = [];
  for (const line of text.replace(/\n$/, "").split("\n")) {
    const last = steps.at(-1);
    if (line.startsWith("$ ")) steps.push({ command: line.slice(2), expected: [] });
    else if (last === undefined) throw new SyntaxError(`console block: "${line}" is before the first "$ "`);
    else if (line.startsWith("> ") && last.expected.length === 0) last.command += `\n${line.slice(2)}`;
    else last.expected.push(line);
  }
  return steps;
}

/** The commands of a console block. */
export function commandLines(text: string): string[] {
  return consoleSteps(text).map(({ command }) => command);
}
