/**
 * Resolves plain scalars by the core schema of YAML 1.2.2 (section 10.3.2).
 *
 * @module
 */

/** A scalar's value. */
export type Scalar = string | number | boolean | null;

const INTEGER = /^[-+]?[0-9]+$/;
const OCTAL = /^0o[0-7]+$/;
const HEXADECIMAL = /^0x[0-9a-fA-F]+$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const INFINITE = /^([-+]?)\.(?:inf|Inf|INF)$/;
const NOT_A_NUMBER = /^\.(?:nan|NaN|NAN)$/;
const LEADING_ZERO = /^[-+]?0[0-9]+$/;

/** The value of a scalar that is not in quotes. */
export function resolvePlain(text: string): Scalar {
  if (/^(?:|~|null|Null|NULL)$/.test(text)) return null;
  if (/^(?:true|True|TRUE)$/.test(text)) return true;
  if (/^(?:false|False|FALSE)$/.test(text)) return false;
  if (INTEGER.test(text) || OCTAL.test(text) || HEXADECIMAL.test(text) || FLOAT.test(text)) {
    return Number(text);
  }
  const infinite = INFINITE.exec(text);
  if (infinite !== null) return infinite[1] === "-" ? -Infinity : Infinity;
  return NOT_A_NUMBER.test(text) ? NaN : text;
}

/** The value of a scalar with a tag of the core schema (`!!int`); `undefined` where the two do not go together. */
export function resolveTagged(tag: string, text: string): Scalar | undefined {
  if (tag === "str") return text;
  const value = resolvePlain(text);
  if (tag === "null") return value === null ? value : undefined;
  if (tag === "bool") return typeof value === "boolean" ? value : undefined;
  if (tag === "float") return typeof value === "number" ? value : undefined;
  return tag === "int" && Number.isInteger(value) ? value : undefined;
}

/**
 * Why a plain scalar is refused although it has a value: with a leading zero YAML 1.2 reads a decimal number, YAML 1.1 an
 * octal one. `undefined` for all others.
 */
export function ambiguityOf(text: string): string | undefined {
  if (!LEADING_ZERO.test(text)) return undefined;
  const decimal = Number(text);
  const digits = text.replace(/^[-+]/, "");
  const octal = /^[0-7]+$/.test(digits) ? parseInt(digits, 8) * (text.startsWith("-") ? -1 : 1) : undefined;
  const readings = octal === undefined || octal === decimal
    ? `write ${decimal}`
    : `${decimal} in YAML 1.2, ${octal} in YAML 1.1; write ${decimal} or ${octal}`;
  return `the number ${text} has a leading zero: ${readings}, or put a text in quotes`;
}
