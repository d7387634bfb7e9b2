import { parseArgs } from "@std/cli/parse-args";
import { TARGETS } from "./registry.ts";

/** What a run of the fuzzer is to do. */
export interface FuzzOptions {
  readonly targets: readonly string[];
  /** `undefined` for each target's own number. */
  readonly inputs: number | undefined;
  readonly seed: number;
  /** The limit for each target; `undefined` for none. */
  readonly minutes: number | undefined;
  /** Whether to count the code that each input reaches, and keep inputs that reach new code. */
  readonly isGuided: boolean;
  /** The one input to check. */
  readonly input: Uint8Array | undefined;
}

export const USAGE = `Usage: deno task fuzz [options]

  --target NAME   only this target (may be repeated); one of
                  ${Object.keys(TARGETS).join(", ")}
  --inputs N      inputs per target; default 1000000, over sockets 50000
  --seed S        the same seed gives the same inputs; default chosen and printed
  --minutes M     stop each target after so long
  --guided        count the code that runs, and keep inputs that reach more of it in tests/corpus/
  --hex BYTES     check this input only, in hexadecimal digits; needs one --target
`;

/** Reads the arguments. @throws {Error} with what is wrong. */
export function fuzzOptions(args: readonly string[]): FuzzOptions {
  const parsed = parseArgs([...args], {
    string: ["target", "inputs", "seed", "minutes", "hex"],
    boolean: ["guided"],
    collect: ["target"],
    unknown: (arg: string) => {
      throw new Error(`unknown argument "${arg}"`);
    },
  });
  const named: readonly string[] = parsed.target;
  const targets = named.length > 0 ? named : Object.keys(TARGETS);
  const unknown = targets.find((name) => !Object.hasOwn(TARGETS, name));
  if (unknown !== undefined) throw new Error(`unknown target "${unknown}"`);
  if (parsed.hex !== undefined && targets.length !== 1) throw new Error("--hex needs one --target");
  return {
    targets,
    inputs: numberOf("inputs", parsed.inputs),
    seed: numberOf("seed", parsed.seed) ?? Math.floor(Math.random() * 2 ** 31),
    minutes: numberOf("minutes", parsed.minutes),
    isGuided: parsed.guided,
    input: parsed.hex === undefined ? undefined : bytesOf(parsed.hex),
  };
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+(\.\d+)?$/.test(text)) throw new Error(`--${name} is "${text}"; expected a number`);
  return Number(text);
}

function bytesOf(digits: string): Uint8Array {
  if (!/^(?:[\da-f]{2})*$/i.test(digits)) {
    throw new Error("--hex has other characters than pairs of hexadecimal digits");
  }
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
