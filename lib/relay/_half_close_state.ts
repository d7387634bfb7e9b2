import { errorCode, isLoss } from "../base/mod.ts";
import type { Flow, RelayContext, RelayEnd, RelayTap, Side } from "./flow.ts";
import type { Ticker } from "./sweep.ts";

/**
 * What a direction does next when it cannot go on: return, pass FIN on and return, or read and discard what its
 * sender still sends.
 */
export type Next = "leave" | "finish" | "discard";

/**
 * State that the two directions of one relay share, whichever engine moves the bytes.
 *
 * As long as nothing fails, each direction passes its sender's FIN on, and the second one ends the relay. When a side
 * fails, the kernel may still hold bytes that it sent before (Linux returns them from reads after an RST, and then
 * the end). So the direction away from that side runs to its end, while the other one, whose receiver is gone,
 * discards its bytes: a simple sender that is not read from does not read either.
 *
 * If the client failed, the relay is then over. If the target failed, the client still has to receive what is in
 * flight: it is sent FIN and {@link RelayContext.linger lingered} for.
 */
export class HalfCloseState {
  /** How the relay ended, as far as is known; final once both directions have returned. */
  end: RelayEnd = { kind: "stopped" };
  /** The side that has failed. */
  gone: Side | undefined;
  /** Whether the target is gone and the client has been sent everything, FIN included. */
  lingers = false;
  readonly #context: RelayContext;
  readonly #ticker: Ticker;
  readonly #onEnd: (end: RelayEnd) => void;
  #left: Flow | undefined;
  #isOver = false;
  #ending: AbortController | undefined;

  /** @param onEnd called with the end of the relay once both directions have left. Default: none. */
  constructor(context: RelayContext, ticker: Ticker, onEnd: (end: RelayEnd) => void = () => {}) {
    this.#context = context;
    this.#ticker = ticker;
    this.#onEnd = onEnd;
  }

  /** Whether nothing more is passed on, because the connections are closed. */
  get isOver(): boolean {
    return this.#isOver || this.#context.aborted;
  }

  /**
   * Aborted when nothing more is passed on; ends waits on time rather than on a connection. Created on first use,
   * because few relays wait.
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

  /** Who is shown what passes. To be asked anew each time: a capture may begin while a read is pending. */
  get tap(): RelayTap | undefined {
    return this.#context.tap;
  }

  /** Called when a direction has nothing pending any more. */
  leave(flow: Flow): void {
    if (this.#left !== undefined) this.#onEnd(this.end);
    this.#left = flow;
  }

  /** Called when the sender of a direction has sent FIN. */
  finish(flow: Flow): Next {
    if (this.gone !== undefined) return this.#atEnd(flow);
    flow.finished = true;
    flow.lastByteMs = this.#ticker.nowMs;
    const other = this.#otherOf(flow);
    if (!other.finished) return "finish";
    // Closing the sockets sends the second FIN.
    if (!this.#context.aborted) this.end = { kind: "finished", first: other.direction };
    return "leave";
  }

  /** Called when a side has failed. The first failure is the cause; later ones follow from it. */
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

  /** Called when the sender has failed with bytes still in flight; returns whether to deliver them. */
  failBehind(flow: Flow, error: unknown): boolean {
    if (!this.#note(flow.sender, error)) return false;
    flow.senderGoneMs = this.#ticker.nowMs;
    return true;
  }

  /** Returns whether the relay goes on without that side. */
  #note(side: Side, error: unknown): boolean {
    if (this.isOver) return false;
    // With both sides gone, nothing can be delivered.
    if (this.gone !== undefined) return this.gone === side;
    this.gone = side;
    this.end = { kind: "failed", side, error };
    this.tap?.failed(side, error);
    // After any other error the connection may still be alive, or the fault is ours: nothing is known about what is
    // left.
    return isLoss(errorCode(error));
  }

  /** Called when a sender has ended while one side is gone. */
  #atEnd(flow: Flow): Next {
    if (flow.sender !== this.gone) return this.lingers ? this.#stop() : "leave";
    return this.#mayLinger() ? this.#linger("finish") : this.#stop();
  }

  /**
   * Whether closing the client could lose bytes in flight. A client that has sent FIN has no unread bytes here, and
   * one that was sent nothing cannot lose anything.
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
