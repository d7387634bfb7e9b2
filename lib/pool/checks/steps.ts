import type { Pattern } from "./byte_regex.ts";
import { concatBytes } from "./check_text.ts";
import type { Exchange, Turn } from "./exchange.ts";
import { Expectation } from "./expectation.ts";

/** One step of a check: sends, then waits for an answer, each where configured. */
export interface Step {
  readonly send?: Uint8Array | undefined;
  /** The expected answer. Default: with `expectNot` the end of a line, else nothing. */
  readonly expect?: Pattern | undefined;
  /** Bytes that must not precede the expected answer. */
  readonly expectNot?: Pattern | undefined;
}

/** A conversation of steps, in order. Each continues reading where the previous one found its answer. */
export class Steps implements Exchange {
  readonly #steps: readonly Step[];
  /** The current step and its answer; `undefined` when all are done. */
  #index = -1;
  #answer: Expectation | undefined;

  constructor(steps: readonly Step[]) {
    this.#steps = steps;
  }

  get part(): string {
    return this.#steps.length === 1 ? "" : `step ${this.#index + 1}: `;
  }

  begin(): Turn {
    return this.#turn(this.#advance());
  }

  feed(bytes: Uint8Array): Turn {
    const sends: Uint8Array[] = [];
    let rest = bytes;
    while (this.#answer !== undefined && rest.length > 0) {
      const verdict = this.#answer.feed(rest);
      if (verdict === "no_match") return { verdict };
      if (verdict === "need_more") break;
      rest = rest.subarray(this.#answer.used);
      sends.push(...this.#advance());
    }
    return this.#turn(sends);
  }

  end(): "match" | "no_match" {
    if (this.#answer?.end() !== "match") return "no_match";
    this.#advance();
    return this.#answer === undefined ? "match" : "no_match";
  }

  heard(): string | undefined {
    return this.#answer === undefined || this.#answer.isEmpty ? undefined : this.#answer.describe();
  }

  #turn(sends: readonly Uint8Array[]): Turn {
    return {
      verdict: this.#answer === undefined ? "match" : "need_more",
      send: sends.length === 0 ? undefined : concatBytes(sends),
    };
  }

  /** Advances to the next step that waits for an answer; returns what is sent on the way. */
  #advance(): Uint8Array[] {
    const sends: Uint8Array[] = [];
    this.#answer = undefined;
    while (this.#answer === undefined && this.#index + 1 < this.#steps.length) {
      const step = this.#steps[++this.#index];
      if (step?.send !== undefined) sends.push(step.send);
      if (step?.expect !== undefined || step?.expectNot !== undefined) this.#answer = new Expectation(step);
    }
    return sends;
  }
}
