import type { Clock } from "../base/mod.ts";
import { levelBytes, TOP_LEVEL } from "./buffers.ts";
import type { Pause } from "./_fault_time.ts";
import { pause } from "./pause.ts";

/** How many bytes may pass and when: a token bucket, kept by whoever limits. */
export interface ByteBudget {
  /** Takes `bytes` and gives how many milliseconds to wait before they may pass; 0 when they may pass at once. */
  take(bytes: number, nowMs: number): number;
}

/**
 * The longest that one piece takes at the rate: half of what a budget lets pass at once after a pause, so that a slow
 * flow is even and a fast one is not woken for every packet.
 */
const MAX_PIECE_MS = 50;

/** The time that a {@link Pace} goes by. */
export interface PaceTime {
  readonly clock: Clock;
  /** How to wait on that clock. Default the runtime's timers. */
  readonly pause?: Pause;
}

/** How fast one direction of one session may go. */
export class Pace {
  /** The level of the largest buffer that is read into. */
  readonly topLevel: number;
  /** The most bytes that pass at once, at least 1. */
  readonly pieceBytes: number;
  readonly #budget: ByteBudget;
  readonly #clock: Clock;
  readonly #pause: Pause;

  constructor(bytesPerSecond: number, budget: ByteBudget, time: PaceTime) {
    this.#budget = budget;
    this.#clock = time.clock;
    this.#pause = time.pause ?? pause;
    const most = bytesPerSecond * MAX_PIECE_MS / 1000;
    let level = TOP_LEVEL;
    while (level > 0 && levelBytes(level) > most) level--;
    this.topLevel = level;
    this.pieceBytes = Math.max(1, Math.floor(most));
  }

  /**
   * Takes so many bytes and waits until they may pass; `undefined` where they may at once.
   *
   * @throws the signal's reason when that is aborted first. The signal is asked for only where there is a wait.
   */
  keep(bytes: number, relay: { readonly ending: AbortSignal }): Promise<void> | undefined {
    const waitMs = this.#budget.take(bytes, this.#clock.nowMs());
    return waitMs > 0 ? this.#pause(waitMs, relay.ending) : undefined;
  }

  /** The part of a buffer that is read into: a slow flow is read piece by piece, whatever the smallest buffer is. */
  window(buffer: Uint8Array): Uint8Array {
    return buffer.length <= this.pieceBytes ? buffer : buffer.subarray(0, this.pieceBytes);
  }
}
