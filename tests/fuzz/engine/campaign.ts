import process from "node:process";
import { Draw, seedOf } from "./draw.ts";
import type { Checker, FuzzTarget } from "./fuzz_target.ts";
import { minimize } from "./minimize.ts";
import { mutate } from "./mutate.ts";

export interface CampaignOptions {
  readonly inputs: number;
  readonly seed: number;
  /** The inputs that mutations start from. */
  readonly corpus: readonly Uint8Array[];
  /** When to stop at the latest, on the clock of `performance.now()`; default never. */
  readonly untilMs?: number;
  /** Called after each so many inputs; the guided run looks at the coverage there. */
  readonly afterBatch?: { readonly size: number; look(batch: readonly Uint8Array[]): Promise<void> };
}

/** An input that breaks a promise. */
export interface Finding {
  readonly input: Uint8Array;
  readonly error: unknown;
}

export interface CampaignResult {
  readonly inputs: number;
  /** Of all threads of the process, which is the same however busy the machine is. */
  readonly cpuSeconds: number;
  readonly finding: Finding | undefined;
}

/** Gives a target input after input until one is a finding, which is made small. */
export async function campaign(target: FuzzTarget, options: CampaignOptions): Promise<CampaignResult> {
  const checker = await target.begin();
  const source = new Inputs(target, options);
  const { user, system } = process.cpuUsage();
  let inputs = 0;
  let finding: Finding | undefined;
  let batch: Uint8Array[] = [];
  // A third of the time goes into stack traces of errors that are promised.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  for (; inputs < options.inputs && finding === undefined; inputs++) {
    if (inputs % 64 === 0 && performance.now() > (options.untilMs ?? Infinity)) break;
    const input = source.at(inputs);
    const error = await errorOf(checker, input);
    if (error !== undefined) {
      Error.stackTraceLimit = stackTraceLimit;
      finding = await smallest(checker, { input, error });
    }
    if (options.afterBatch === undefined) continue;
    batch.push(input);
    if (batch.length < options.afterBatch.size) continue;
    await options.afterBatch.look(batch);
    batch = [];
  }
  Error.stackTraceLimit = stackTraceLimit;
  await checker.end?.();
  const spent = process.cpuUsage({ user, system });
  return { inputs, cpuSeconds: (spent.user + spent.system) / 1e6, finding };
}

/** How many inputs in a row are made from one start: making one by the grammar takes longer than checking it. */
const FROM_ONE_START = 8;

/** The inputs of a run, by their numbers: starts by the grammar or of the corpus, and mutations of them. */
export class Inputs {
  readonly #target: Pick<FuzzTarget, "make" | "dictionary">;
  readonly #options: Pick<CampaignOptions, "seed" | "corpus">;
  #start: Uint8Array = new Uint8Array();

  constructor(
    target: Pick<FuzzTarget, "make" | "dictionary">,
    options: Pick<CampaignOptions, "seed" | "corpus">,
  ) {
    this.#target = target;
    this.#options = options;
  }

  /** The input with this number; to be asked for one after the other, from 0. */
  at(number: number): Uint8Array {
    const { seed, corpus } = this.#options;
    const draw = new Draw(seedOf(seed, number));
    if (number % FROM_ONE_START === 0) {
      const isKept = corpus.length > 0 && draw.once(2);
      return this.#start = isKept ? draw.pick(corpus) : this.#target.make(draw);
    }
    const other = corpus.length > 0 ? draw.pick(corpus) : this.#start;
    return mutate(this.#start, draw, { dictionary: this.#target.dictionary, other });
  }
}

/** What an input breaks, if anything. Synchronous checks cost no turn of the event loop. */
export async function errorOf(checker: Checker, input: Uint8Array): Promise<unknown> {
  try {
    const pending = checker.check(input);
    if (pending !== undefined) await pending;
    return undefined;
  } catch (error) {
    return error;
  }
}

async function smallest(checker: Checker, { input, error }: Finding): Promise<Finding> {
  const kind = kindOf(error);
  let last = error;
  const small = await minimize(input, async (bytes) => {
    const other = await errorOf(checker, bytes);
    if (other === undefined || kindOf(other) !== kind) return false;
    last = other;
    return true;
  });
  return { input: small, error: last };
}

/** What makes two findings the same: the error without its numbers and values. */
function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${error.name}: ${error.message.split(/[:;\d"]/)[0]}`;
}
