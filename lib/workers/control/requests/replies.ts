/** A worker that did not carry out a request. */
export interface Refusal {
  /** Its number, from 1. */
  readonly worker: number;
  readonly why: string;
}

/** The answers of the workers that were asked. A worker that died meanwhile is in neither list. */
export interface Answers<Value> {
  /** By worker; numbers count from 1. */
  readonly values: readonly { readonly worker: number; readonly value: Value }[];
  /** The workers that refused, or did not answer in time. */
  readonly refusals: readonly Refusal[];
}

/** How long a worker may take to answer before it counts as hung. */
const ANSWER_LIMIT_MS = 10_000;

/** Collects the answers of all workers to one question. A worker that dies is no longer waited for. */
export class Replies<Value> {
  /** Resolves when all have answered, or the time limit has passed. */
  readonly answers: Promise<Answers<Value>>;
  readonly #open: Set<number>;
  readonly #values: { worker: number; value: Value }[] = [];
  readonly #refusals: Refusal[] = [];
  readonly #settled = Promise.withResolvers<Answers<Value>>();
  readonly #timer: ReturnType<typeof setTimeout>;

  /** @param workers the numbers of the workers asked, from 0. */
  constructor(workers: Iterable<number>, limitMs: number = ANSWER_LIMIT_MS) {
    this.#open = new Set(workers);
    this.answers = this.#settled.promise;
    this.#timer = setTimeout(() => this.#late(limitMs), limitMs);
    this.#settle();
  }

  /** Takes a worker's answer; ignores one that nobody waits for. */
  receive(
    worker: number,
    { value, problem }: { readonly value: Value; readonly problem: string | undefined },
  ): void {
    if (!this.#open.delete(worker)) return;
    if (problem === undefined) this.#values.push({ worker: worker + 1, value });
    else this.#refusals.push({ worker: worker + 1, why: problem });
    this.#settle();
  }

  /** A worker has died or ended. */
  lost(worker: number): void {
    this.#open.delete(worker);
    this.#settle();
  }

  #late(limitMs: number): void {
    for (const worker of this.#open) {
      this.#refusals.push({ worker: worker + 1, why: `no answer within ${limitMs / 1000} s` });
    }
    this.#open.clear();
    this.#settle();
  }

  #settle(): void {
    if (this.#open.size > 0) return;
    clearTimeout(this.#timer);
    this.#settled.resolve({ values: this.#values, refusals: this.#refusals });
  }
}
