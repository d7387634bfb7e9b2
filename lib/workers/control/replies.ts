import type { Answer, Question } from "../channel/messages.ts";

/** A worker that did not carry out a request. */
export interface Refusal {
  /** Its number, from 1. */
  readonly worker: number;
  readonly why: string;
}

/** How long a worker may take to answer before it counts as hung. */
const ANSWER_LIMIT_MS = 10_000;

/** Collects the answers of all workers to one question. A worker that dies has none to give and is not waited for. */
export class Replies {
  /** The workers that refused, or did not answer in time; resolves when all have been heard. */
  readonly refusals: Promise<readonly Refusal[]>;
  readonly #question: Question;
  readonly #open: Set<number>;
  readonly #refusals: Refusal[] = [];
  readonly #settled = Promise.withResolvers<readonly Refusal[]>();
  readonly #timer: ReturnType<typeof setTimeout>;

  /** @param workers the numbers of the workers asked, from 0. */
  constructor(question: Question, workers: Iterable<number>, limitMs: number = ANSWER_LIMIT_MS) {
    this.#question = question;
    this.#open = new Set(workers);
    this.refusals = this.#settled.promise;
    this.#timer = setTimeout(() => this.#late(limitMs), limitMs);
    this.#settle();
  }

  /** Takes a worker's answer; ignores answers to other questions. */
  receive(worker: number, { to, reload, problem }: Answer): void {
    if (to !== this.#question.kind || reload !== this.#question.reload) return;
    if (!this.#open.delete(worker)) return;
    if (problem !== undefined) this.#refusals.push({ worker: worker + 1, why: problem });
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
    this.#settled.resolve(this.#refusals);
  }
}
