import type { AnswerReader, AnswerVerdict } from "./expectation.ts";

/** The state of a conversation. */
export interface Turn {
  readonly verdict: AnswerVerdict;
  /** Bytes to write before reading more or, on `match`, before the connection closes. */
  readonly send?: Uint8Array | undefined;
}

/**
 * The conversation of one check, as a state machine without a socket. The verdict never depends on how reads split
 * the data.
 */
export interface Exchange {
  /** Starts; returns what to send before anything is received. */
  begin(): Turn;
  /** Takes received bytes, at least one; not to be called after a verdict other than `need_more`. */
  feed(bytes: Uint8Array): Turn;
  /** Returns the verdict at the target's FIN. */
  end(): "match" | "no_match";
  /** Describes what the target has sent in this part, to follow "the target answered"; `undefined` for nothing. */
  heard(): string | undefined;
  /** The current part of the conversation, as a message prefix: `step 2: `, or empty where there is only one. */
  readonly part: string;
}

/** One request and its answer. */
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
