import type { AnswerReader, AnswerVerdict } from "./expectation.ts";

/** Where a conversation stands. */
export interface Turn {
  readonly verdict: AnswerVerdict;
  /** To be written before more is read or, with a `match`, before the connection closes. */
  readonly send?: Uint8Array | undefined;
}

/** What one check says and hears, as a state machine without a socket; the verdict never depends on how reads cut it. */
export interface Exchange {
  /** The first turn: what is said before anything is heard. */
  begin(): Turn;
  /** Takes what has come, at least one byte; not to be called after another verdict than `need_more`. */
  feed(bytes: Uint8Array): Turn;
  /** The verdict when the target has sent FIN. */
  end(): "match" | "no_match";
  /** What the target has said in this part, in words that follow "the target answered"; `undefined` for nothing. */
  heard(): string | undefined;
  /** Which part of the conversation this is, as messages begin: `step 2: `, or empty where it has only one. */
  readonly part: string;
}

/** One request, and the answer to it. */
export class OneAnswer implements Exchange {
  readonly part = "";
  readonly #request: Uint8Array;
  readonly #answer: AnswerReader;
  #hasHeard = false;

  constructor(request: Uint8Array, answer: AnswerReader) {
    this.#request = request;
    this.#answer = answer;
  }

  begin(): Turn {
    return { verdict: "need_more", send: this.#request };
  }

  feed(bytes: Uint8Array): Turn {
    this.#hasHeard = true;
    return { verdict: this.#answer.feed(bytes) };
  }

  end(): "match" | "no_match" {
    return this.#answer.end();
  }

  heard(): string | undefined {
    return this.#hasHeard ? this.#answer.describe() : undefined;
  }
}
