/** The way from the top of a config to one of its values. */
export type Path = readonly (string | number)[];

/** One thing that is wrong with a config. */
export interface Problem {
  readonly path: Path;
  /** The fault and what is expected, without the position. */
  readonly message: string;
  /** The file that it is in, where that is one of those that the config includes. */
  readonly file?: string;
  /** Whether the key itself is at fault or its value; default the value. */
  readonly at?: "key" | "value";
  /** The line in the text, from 1; absent when there is no text or no place in it. */
  readonly line?: number;
  /** The column in the line in UTF-16 code units, from 1; absent like `line`. */
  readonly column?: number;
}

/** A config that cannot be used. Its message is the whole report, ready to print. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  /** In the order of the text; of a great many only the first ones. */
  readonly problems: readonly Problem[];

  constructor(report: string, problems: readonly Problem[], options?: ErrorOptions) {
    super(report, options);
    this.problems = problems;
  }
}

/** Formats a path as an operator would write it: `apps[0].targets[2].address`; empty for the top. */
export function formatPath(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[A-Za-z_][\w-]*$/.test(step)) text += text === "" ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}
