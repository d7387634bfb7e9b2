import {
  type Duplex,
  NO_PIPE,
  type Pollable,
  type ReadyHandler,
  sendAtOnce,
  WOULD_BLOCK,
} from "../base/mod.ts";
import type { First } from "./_first.ts";
import type { Flow, Side } from "./flow.ts";
import type { HalfCloseState, Next } from "./_half_close_state.ts";
import { PipePath } from "./_pipe_path.ts";
import type { PolledOptions } from "./polled_options.ts";

const BULK_BYTES = 64 * 1024;

/** Bytes that a direction may move before all others have their turn. */
const BYTES_A_TURN = 512 * 1024;

export interface LineOptions {
  readonly receiver: Duplex;
  readonly flow: Flow;
  readonly state: HalfCloseState;
  readonly options: PolledOptions;
}

/** One direction. It handles its sender's connection, and passes on to the other that there is room to send there. */
export class Line implements ReadyHandler {
  other: Line | undefined;
  readonly #from: Pollable;
  readonly #to: Pollable;
  readonly #receiver: Duplex;
  readonly #flow: Flow;
  readonly #state: HalfCloseState;
  readonly #options: PolledOptions;
  /** The way for bulk; made for the first, because few connections have any. */
  #pipe: PipePath | undefined;
  /** Whether the last bytes came in bulk, so that the next ones take that way. */
  #isBulk = false;
  #mode: "relaying" | "discarding" | "left" = "relaying";
  /** What the receiver had no room for, from `#heldAt` on. */
  #held: Uint8Array<ArrayBuffer> | undefined;
  #heldAt = 0;
  /** An end that comes after what is held. */
  #end: First["end"];
  #sends = 0;
  /** Whether the state decides what is next: closing a connection then is part of the decision. */
  #isDeciding = false;
  #isPulling = false;

  constructor(from: Pollable, to: Pollable, { receiver, flow, state, options }: LineOptions) {
    this.#from = from;
    this.#to = to;
    this.#receiver = receiver;
    this.#flow = flow;
    this.#state = state;
    this.#options = options;
  }

  /** Begins with what has been received before. */
  start({ bytes, end }: First): void {
    // The session may have ended while the other direction started.
    if (this.#mode === "left") return;
    this.#end = end;
    if (bytes === undefined) {
      this.#flow.reading = true;
      return this.#resume();
    }
    this.#state.tap?.read(this.#flow, bytes);
    this.#held = this.#options.buffers.hold(bytes, 0, bytes.length);
    this.#sends++;
    this.#flush();
  }

  onReadable(): void {
    if (this.#mode === "left") return this.#lookForError();
    if (!this.#isHolding) this.#pull();
  }

  /** Whether the receiver has had no room for something, and nothing more is received until it has. */
  get #isHolding(): boolean {
    return this.#held !== undefined || this.#pipe?.isHolding === true;
  }

  onWritable(): void {
    const { other } = this;
    if (other !== undefined) other.#flush();
  }

  onClosed(): void {
    if (this.#mode === "left" || this.#isDeciding) return;
    this.#fail(this.#flow.sender, CLOSED);
  }

  /** Goes on receiving once nothing is held. */
  #resume(): void {
    const end = this.#end;
    this.#end = undefined;
    if (end === "fin") this.#finish();
    else if (end !== undefined) this.#fail(this.#flow.sender, end.error);
    else if (this.#from.isReadable) this.#pull();
  }

  /** Receives and sends until there is nothing more, no room, or the others have their turn. */
  #pull(): void {
    if (this.#isPulling) return;
    const from = this.#from;
    let left = BYTES_A_TURN;
    this.#isPulling = true;
    try {
      while (left > 0) {
        const count = this.#isBulk ? this.#moveByPipe() : this.#moveByCopy();
        if (count === 0 || this.#isHolding || this.#mode === "left" || !from.isReadable) return;
        left -= count;
      }
    } finally {
      this.#isPulling = false;
    }
    from.again();
  }

  /** Returns how many bytes were received; 0 when there are none for now, or the direction has come to its end. */
  #moveByCopy(): number {
    const { buffers, ticker, bulkBytes = BULK_BYTES } = this.#options;
    const { scratch } = buffers;
    let count: number;
    try {
      count = this.#from.receive(scratch, buffers.scratchBytes);
    } catch (error) {
      this.#fail(this.#flow.sender, error);
      return 0;
    }
    if (count === WOULD_BLOCK) return 0;
    if (count === 0) return this.#foundEnd();
    this.#state.tap?.read(this.#flow, scratch.subarray(0, count));
    if (this.#mode === "relaying") {
      this.#pass(scratch, count);
      this.#isBulk = count >= bulkBytes;
    } // Until the client has been sent everything, only that counts as activity; discarded bytes do not.
    else if (this.#state.lingers) this.#flow.lastByteMs = ticker.nowMs;
    return count;
  }

  /** The same through a pipe, unless a tap wants to see the bytes, or they are discarded. */
  #moveByPipe(): number {
    if (this.#state.tap !== undefined || this.#mode !== "relaying") return this.#moveByCopy();
    const pipe = this.#pipe ??= PipePath.between(this.#from, this.#to);
    if (pipe === undefined) return this.#moveByCopy();
    let count: number;
    try {
      count = pipe.receive();
    } catch (error) {
      this.#fail(this.#flow.sender, error);
      return 0;
    }
    if (count === NO_PIPE) return this.#moveByCopy();
    if (count === WOULD_BLOCK) return 0;
    if (count === 0) return this.#foundEnd();
    this.#isBulk = count >= (this.#options.bulkBytes ?? BULK_BYTES);
    if (++this.#sends === 2) sendAtOnce(this.#receiver);
    this.#emptyPipe(pipe);
    return count;
  }

  /** Sends what is in the pipe, and returns whether nothing is left there. */
  #emptyPipe(pipe: PipePath): boolean {
    try {
      if (pipe.send(this.#flow, this.#options.ticker)) return true;
      this.#flow.reading = false;
    } catch (error) {
      this.#fail(this.#flow.receiver, error);
    }
    return false;
  }

  /** The sender has finished. Returns 0, for no more bytes. */
  #foundEnd(): 0 {
    this.#finish();
    // A reset right behind FIN: both are one event.
    this.#lookForError();
    return 0;
  }

  #pass(bytes: Uint8Array<ArrayBuffer>, count: number): void {
    // Nagle's algorithm never delays the first write, and most short connections have no second.
    if (++this.#sends === 2) sendAtOnce(this.#receiver);
    const sent = this.#send(bytes, count);
    if (this.#sends === 1 && this.#flow.direction === "down") {
      this.#flow.firstByteMs = this.#options.clock?.nowMs() ?? -1;
    }
    if (sent === undefined || sent === count) return;
    this.#held = this.#options.buffers.hold(bytes, sent, count);
    this.#flow.reading = false;
  }

  /** Sends what is held. */
  #flush(): void {
    if (this.#pipe?.isHolding === true) {
      if (!this.#emptyPipe(this.#pipe)) return;
      this.#flow.reading = true;
      return this.#resume();
    }
    const held = this.#held;
    if (held === undefined) return;
    const rest = this.#heldAt === 0 ? held : held.subarray(this.#heldAt);
    const sent = this.#send(rest, rest.length);
    if (sent === undefined) return;
    this.#heldAt += sent;
    if (this.#heldAt < held.length) return;
    this.#drop();
    this.#flow.reading = true;
    this.#resume();
  }

  /** Returns how many bytes the receiver's kernel has taken; `undefined` where the receiver is gone. */
  #send(bytes: Uint8Array<ArrayBuffer>, count: number): number | undefined {
    let sent: number;
    try {
      sent = this.#to.send(bytes, count);
    } catch (error) {
      this.#fail(this.#flow.receiver, error);
      return undefined;
    }
    if (sent === WOULD_BLOCK) return 0;
    this.#flow.bytes += sent;
    this.#flow.lastByteMs = this.#options.ticker.nowMs;
    this.#state.tap?.wrote(this.#flow, bytes.subarray(0, sent));
    return sent;
  }

  #finish(): void {
    this.#state.tap?.readEnd(this.#flow);
    this.#isDeciding = true;
    const next = this.#state.finish(this.#flow);
    this.#isDeciding = false;
    this.#follow(next);
  }

  #fail(side: Side, error: unknown): void {
    this.#isDeciding = true;
    const next = this.#state.fail(this.#flow, side, error);
    this.#isDeciding = false;
    this.#follow(next);
  }

  #follow(next: Next): void {
    switch (next) {
      case "leave":
        return this.#leave();
      case "discard":
        this.#drop();
        this.#mode = "discarding";
        this.#flow.reading = true;
        return this.#resume();
      case "finish":
        try {
          this.#to.finish();
        } catch (error) {
          return this.#fail(this.#flow.receiver, error);
        }
        this.#state.tap?.wroteEnd(this.#flow);
        return this.#leave();
    }
  }

  #leave(): void {
    if (this.#mode === "left") return;
    this.#mode = "left";
    this.#drop();
    this.#flow.reading = false;
    this.#state.leave(this.#flow);
    // The relay may have ended with that, and its session closes both connections then.
    this.#from.settled();
  }

  #drop(): void {
    this.#pipe?.drop();
    if (this.#held === undefined) return;
    this.#options.buffers.release(this.#held);
    this.#held = undefined;
    this.#heldAt = 0;
  }

  /** The sender has finished, and is found gone: the other direction's receiver is. */
  #lookForError(): void {
    const { other } = this;
    if (this.#mode !== "left" || other === undefined || other.#mode === "left") return;
    const error = this.#from.takeError();
    if (error !== undefined) other.#fail(other.#flow.receiver, error);
  }
}

/** As a read of a connection rejects that its own end has closed. */
const CLOSED = Object.assign(new Error("operation canceled"), { name: "Interrupted", code: "EINTR" });
