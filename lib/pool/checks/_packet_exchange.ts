import { concatBytes, showBytes } from "./check_text.ts";
import type { Exchange, Turn } from "./exchange.ts";
import { MAX_ANSWER_BYTES, SHOWN_ANSWER_BYTES } from "./expectation.ts";

/** A protocol's reaction to one packet. */
export interface PacketTurn extends Turn {
  /** A description of the packet for messages, such as `error 1040: Too many connections`. Default its bytes. */
  readonly said?: string;
}

/** A conversation in length-prefixed packets. */
export abstract class PacketExchange implements Exchange {
  readonly part = "";
  #waiting: Uint8Array = new Uint8Array();
  #total = 0;
  #said: string | undefined;

  abstract begin(): Turn;

  /**
   * Returns the length of the packet at the start of `bytes`, header included; `undefined` while unknown, NaN where
   * it is not one.
   */
  protected abstract lengthOf(bytes: Uint8Array): number | undefined;

  /** Handles one whole packet. */
  protected abstract take(packet: Uint8Array): PacketTurn;

  feed(bytes: Uint8Array): Turn {
    this.#waiting = concatBytes([this.#waiting, bytes]);
    this.#total += bytes.length;
    const sends: Uint8Array[] = [];
    for (;;) {
      const length = this.lengthOf(this.#waiting);
      if (length !== undefined && !(length <= MAX_ANSWER_BYTES)) {
        this.#said = undefined;
        return { verdict: "no_match" };
      }
      if (length === undefined || length > this.#waiting.length) break;
      const packet = this.#waiting.subarray(0, length);
      const { verdict, send, said } = this.take(packet);
      if (said !== undefined || verdict === "no_match") this.#said = said;
      if (send !== undefined) sends.push(send);
      if (verdict !== "need_more") return turn(verdict, sends);
      this.#waiting = this.#waiting.subarray(length);
    }
    // Endless notices are not an answer.
    if (this.#total >= MAX_ANSWER_BYTES) return { verdict: "no_match" };
    return turn("need_more", sends);
  }

  end(): "no_match" {
    return "no_match";
  }

  heard(): string | undefined {
    if (this.#total === 0) return undefined;
    return this.#said ?? showBytes(this.#waiting, SHOWN_ANSWER_BYTES);
  }
}

function turn(verdict: Turn["verdict"], sends: readonly Uint8Array[]): Turn {
  return { verdict, send: sends.length === 0 ? undefined : concatBytes(sends) };
}
