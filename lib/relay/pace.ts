import type { Clock } from "../base/mod.ts";
import { levelBytes, TOP_LEVEL } from "./buffers.ts";
import type { Pause } from "./faults/fault_time.ts";
import { pause } from "./pause.ts";

/** A token bucket over bytes, owned by the limiter. */
export interface ByteBudget {
  /** Takes `bytes` and returns how many milliseconds to wait before they may pass; 0 for none. */
  take(bytes: number, nowMs: number): number;
}

/**
 * Longest time that one piece takes at the rate: half of the budget's burst, so that a slow flow is even and a fast
 * one does not wake for every packet.
 */
const MAX_PIECE_MS = 50;

/** The clock of a {@link Pace}. */
export interface PaceTime {
  readonly clock: Clock;
  /** How to wait on that clock. Default: the runtime's timers. */
  readonly pause?: Pause;
}

/** The rate limit of one direction of one session. */
export class Pace {
  /** Level of the largest buffer to read into. */
  readonly topLevel: number;
  /** Largest piece that passes at once, in bytes; at least 1. */
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
   * Takes `bytes` and waits until they may pass; `undefined` where they may at once.
   *
   * @throws the signal's reason when it is aborted first. The signal is read only where there is a wait.
   */
  keep(bytes: number, relay: { readonly ending: AbortSignal }): Promise<void> | undefined {
    const waitMs = this.#budget.take(bytes, this.#clock.nowMs());
    return waitMs > 0 ? this.#pause(waitMs, relay.ending) : undefined;
  }

  /** Returns the part of a buffer to read into: a slow flow is read in pieces smaller than the smallest buffer. */
  window(buffer: Uint8Array): Uint8Array {
    return buffer.length <= this.pieceBytes ? buffer : buffer.subarray(0, this.pieceBytes);
  }
}
