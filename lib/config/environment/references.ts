/**
 * References to environment variables in a scalar: `${NAME}` and `${NAME:-default}`.
 *
 * Only `${` begins one; every other dollar is itself, those of regular expressions too. Of dollars right before a `{`, two
 * stand for one: `$${x}` is the text `${x}`, and `$$${x}` a dollar with the value of `x` after it.
 *
 * @module
 */

import { shorten } from "../yaml/text.ts";

/** A variable: its value, `unset`, or `denied` if the runtime does not allow reading it. */
export type Variable = { readonly value: string } | "unset" | "denied";

/** The environment that references are looked up in. */
export interface Environment {
  read(name: string): Variable;
}

/** A fault of a reference. */
export interface ReferenceFault {
  readonly message: string;
  /** The reference as it is written, as far as it could be read. */
  readonly written: string;
}

/** A scalar with its references replaced. */
export interface Substituted {
  readonly text: string;
  /** The variables that it refers to, each once. */
  readonly names: readonly string[];
  /** The reasons why it has no value; `text` is then the scalar as written. */
  readonly faults: readonly ReferenceFault[];
}

/** One pass over a text: dollars before a brace, and the brace. */
const OPENING = /(\$+)\{/g;

/** The rest of a reference, after its opening brace. */
const REFERENCE = /([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?\}/y;

/** How much of a reference a message shows. */
const MAX_SHOWN = 60;

/** Replaces the references of a scalar. A value with more than `limit` characters is a fault. */
export function substitute(scalar: string, environment: Environment, limit: number): Substituted {
  const names = new Set<string>();
  const faults: ReferenceFault[] = [];
  let text = "";
  let from = 0;
  OPENING.lastIndex = 0;
  for (let match = OPENING.exec(scalar); match !== null; match = OPENING.exec(scalar)) {
    const dollars = match[1]?.length ?? 0;
    text += scalar.slice(from, match.index) + "$".repeat(dollars >> 1);
    from = OPENING.lastIndex;
    if (dollars % 2 === 0) {
      text += "{";
      continue;
    }
    REFERENCE.lastIndex = from;
    const reference = REFERENCE.exec(scalar);
    const written = scalar.slice(from - 2, reference === null ? from + MAX_SHOWN : REFERENCE.lastIndex);
    const [, name = "", hasDefault, otherwise = ""] = reference ?? [];
    if (reference === null || otherwise.includes("${")) {
      faults.push({ message: malformed(written, reference !== null), written: "${" });
      break;
    }
    names.add(name);
    from = OPENING.lastIndex = REFERENCE.lastIndex;
    const variable = environment.read(name);
    if (variable === "denied") faults.push({ message: denied(name), written });
    else if (variable !== "unset" && (variable.value !== "" || hasDefault === undefined)) {
      text += variable.value;
    } else if (hasDefault !== undefined) text += otherwise;
    else faults.push({ message: unset(name), written });
    if (text.length > limit) {
      faults.push({
        message: `the values of variables have more than ${limit} characters; expected fewer`,
        written,
      });
      break;
    }
  }
  return { text: faults.length > 0 ? scalar : text + scalar.slice(from), names: [...names], faults };
}

/** Makes a text that {@link substitute} turns into this one. */
export function escapeReferences(text: string): string {
  return text.replace(OPENING, (_, dollars: string) => `${dollars}${dollars}{`);
}

function malformed(written: string, isNested: boolean): string {
  const fault = isNested
    ? "has a reference in its default, where only text can be"
    : "is not a reference to a variable";
  return `"${shorten(written, MAX_SHOWN)}" ${fault}; expected "\${NAME}" or "\${NAME:-default}", ` +
    `or "$\${" for a plain "\${"`;
}

function unset(name: string): string {
  const shown = shorten(name, MAX_SHOWN);
  return `the environment variable "${shown}" is not set; set it, or give a default: "\${${shown}:-…}"`;
}

function denied(name: string): string {
  const shown = shorten(name, MAX_SHOWN);
  return `the runtime does not allow reading the environment variable "${shown}"; run with --allow-env=${shown}`;
}
