import type { Draw } from "./draw.ts";

/** Something that takes bytes from strangers, and what holds for it whatever they are. */
export interface FuzzTarget {
  /** What it is called in commands, and the folder of its corpus. */
  readonly name: string;
  /** What is fuzzed, in one line. */
  readonly what: string;
  /** The inputs of a long run: a million within the process, fewer over sockets. */
  readonly longRun: number;
  /** The inputs of a test; default 10,000. */
  readonly testRun?: number;
  /** Tokens that mutations put in. */
  readonly dictionary: readonly (string | Uint8Array)[];
  /** Makes an input by the grammar, right or nearly. */
  make(draw: Draw): Uint8Array;
  /** Starts what inputs are given to. */
  begin(): Checker | Promise<Checker>;
}

/** Checks inputs. */
export interface Checker {
  /**
   * Checks what is promised for one input. What it does depends on the input alone.
   *
   * @throws anything that is a finding.
   */
  check(input: Uint8Array): void | Promise<void>;
  /** Checks what is promised for all inputs together, and releases what was held. */
  end?(): Promise<void>;
}

/** A target within this process that keeps nothing between two inputs. */
export function pureTarget(
  target: Omit<FuzzTarget, "begin" | "longRun"> & { readonly longRun?: number; check: Checker["check"] },
): FuzzTarget {
  const { check, ...rest } = target;
  return { longRun: 1_000_000, ...rest, begin: () => ({ check }) };
}

/** A promise that was not kept. */
export class PropertyError extends Error {
  override readonly name = "PropertyError";
}

/** Throws a {@link PropertyError} unless the condition holds. */
export function holds(condition: boolean, promise: () => string): asserts condition {
  if (!condition) throw new PropertyError(promise());
}

/** Throws a {@link PropertyError} unless both are the same, written as JSON. */
export function same(actual: unknown, expected: unknown, promise: string): void {
  if (actual === expected) return;
  const [is, wanted] = [written(actual), written(expected)];
  if (is !== wanted) throw new PropertyError(`${promise}: ${is}; expected ${wanted}`);
}

function written(value: unknown): string {
  return JSON.stringify(value, (_, each) => each instanceof Uint8Array ? hex(each) : each) ?? "undefined";
}

const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Bytes as hexadecimal digits. */
export function hex(bytes: Uint8Array): string {
  let digits = "";
  for (const byte of bytes) digits += DIGITS[byte];
  return digits;
}
