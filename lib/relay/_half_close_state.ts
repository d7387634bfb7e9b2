import { errorCode, isLoss } from "../base/mod.ts";
import type { Flow, RelayContext, RelayEnd, Side } from "./flow.ts";
import type { Ticker } from "./sweep.ts";

/**
 * What a direction does when it can go on no further: return; pass FIN on and return; or read what its sender still
 * sends and throw it away.
 */
export type Next = "leave" | "finish" | "discard";

/**
 * What the two directions of one relay know of each other, whichever engine moves the bytes.
 *
 * As long as nothing fails, each passes its sender's FIN on, and the second to do so ends the relay. When a side fails,
 * the kernel may still hold bytes that it sent before (Linux gives them to reads after an RST, and then the end), so that
 * the direction away from it goes on to its end, while the other one, whose bytes nobody takes any more, throws them
 * away: a sender that is not read cannot read either, where it is made so simply.
 *
 * Then nobody is left to tell where it was the client that failed. Where it was the target, the client is to receive
 * what is on its way: it is sent FIN, and {@link RelayContext.linger lingered} for.
 */
export class HalfCloseState {
  /** How the relay ended, as far as is known; final when both directions have returned. */
  end: RelayEnd = { kind: "stopped" };
  /** The side that has failed. */
  gone: Side | undefined;
  /** Whether the target is gone and the client has been told all. */
  lingers = false;
  readonly #context: RelayContext;
  readonly #ticker: Ticker;
  readonly #onEnd: (end: RelayEnd) => void;
  #left: Flow | undefined;
  #isOver = false;
  #ending: AbortController | undefined;

  /** @param onEnd is told how the relay ended when both directions have left; default nobody. */
  constructor(context: RelayContext, ticker: Ticker, onEnd: (end: RelayEnd) => void = () => {}) {
    this.#context = context;
    this.#ticker = ticker;
    this.#onEnd = onEnd;
  }

  /** Whether nothing more is to be passed on, because the connections are closed. */
  get isOver(): boolean {
    return this.#isOver || this.#context.aborted;
  }

  /**
   * Aborted when nothing more is to be passed on: ends what waits for its time and not for a connection. Made when it is
   * asked for: few relays wait.
   */
  get ending(): AbortSignal {
    if (this.#ending === undefined) {
      const ending = new AbortController();
      this.#ending = ending;
      if (this.isOver) ending.abort();
      else this.#context.signal.addEventListener("abort", () => ending.abort(), { once: true });
    }
    return this.#ending.signal;
  }

  /** A direction has nothing pending any more. */
  leave(flow: Flow): void {
    if (this.#left !== undefined) this.#onEnd(this.end);
    this.#left = flow;
  }

  /** The sender of a direction has finished. */
  finish(flow: Flow): Next {
    if (this.gone !== undefined) return this.#atEnd(flow);
    flow.finished = true;
    flow.lastByteMs = this.#ticker.nowMs;
    const other = this.#otherOf(flow);
    if (!other.finished) return "finish";
    // Closing the sockets says the rest.
    if (!this.#context.aborted) this.end = { kind: "finished", first: other.direction };
    return "leave";
  }

  /** A side has failed: what is first told is the cause, what follows from it is not. */
  fail(flow: Flow, side: Side, error: unknown): Next {
    if (!this.#note(side, error)) return this.#stop();
    if (side === flow.sender) return this.#atEnd(flow);
    const other = this.#otherOf(flow);
    if (this.lingers) return "discard";
    if (!other.finished && this.#left !== other) {
      other.senderGoneMs = Math.min(other.senderGoneMs, this.#ticker.nowMs);
      return "discard";
    }
    return this.#mayLinger() ? this.#linger("discard") : this.#stop();
  }

  /** The sender has failed while bytes of it are on their way; gives whether they are to be brought on. */
  failBehind(flow: Flow, error: unknown): boolean {
    if (!this.#note(flow.sender, error)) return false;
    flow.senderGoneMs = this.#ticker.nowMs;
    return true;
  }

  /** Gives whether the relay goes on without that side. */
  #note(side: Side, error: unknown): boolean {
    if (this.isOver) return false;
    // With the other one gone too there is nobody left to tell.
    if (this.gone !== undefined) return this.gone === side;
    this.gone = side;
    this.end = { kind: "failed", side, error };
    // Of a connection that may still live, or of a defect, nobody knows what is left.
    return isLoss(errorCode(error));
  }

  /** A direction's sender says no more, and one side is gone. */
  #atEnd(flow: Flow): Next {
    if (flow.sender !== this.gone) return this.lingers ? this.#stop() : "leave";
    return this.#mayLinger() ? this.#linger("finish") : this.#stop();
  }

  /**
   * Whether closing the client may cost it what is on its way: a client that has finished has no unread bytes here, and
   * one that was sent nothing can lose nothing.
   */
  #mayLinger(): boolean {
    const { up, down } = this.#context;
    return this.gone === "target" && !up.finished && this.#left !== up && down.bytes > 0;
  }

  #linger(next: Next): Next {
    const { down } = this.#context;
    this.lingers = true;
    down.finished = true;
    down.lastByteMs = this.#ticker.nowMs;
    this.#context.linger(this.end);
    return next;
  }

  #stop(): Next {
    this.#isOver = true;
    this.#context.stop();
    this.#ending?.abort();
    return "leave";
  }

  #otherOf(flow: Flow): Flow {
    const { up, down } = this.#context;
    return flow === up ? down : up;
  }
}
