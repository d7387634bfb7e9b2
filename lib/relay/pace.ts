import type { Clock } from "../base/mod.ts";
import { type ByteBudget, pause } from "./bandwidth.ts";
import { levelBytes, TOP_LEVEL } from "./buffers.ts";

/**
 * The longest that one piece takes at the rate, where the smallest buffer is not more: half of what a budget lets pass at
 * once after a pause, so that a slow flow is even and a fast one is not woken for every packet.
 */
const MAX_PIECE_MS = 50;

/** How fast one direction of one session may go. */
export class Pace {
  /** The level of the largest buffer that is read into. */
  readonly topLevel: number;
  readonly #budget: ByteBudget;
  readonly #clock: Clock;

  constructor(bytesPerSecond: number, budget: ByteBudget, clock: Clock) {
    this.#budget = budget;
    this.#clock = clock;
    let level = TOP_LEVEL;
    while (level > 0 && levelBytes(level) > bytesPerSecond * MAX_PIECE_MS / 1000) level--;
    this.topLevel = level;
  }

  /** Takes `bytes` and gives how many milliseconds to wait before they may pass; 0 when they may pass at once. */
  take(bytes: number): number {
    return this.#budget.take(bytes, this.#clock.nowMs());
  }
}

/**
 * Waits until so many bytes may pass; `undefined` where they may at once.
 *
 * @throws the signal's reason when the relay is over before that.
 */
export function keepPace(
  pace: Pace | undefined,
  bytes: number,
  relay: { readonly ending: AbortSignal },
): Promise<void> | undefined {
  const waitMs = pace === undefined ? 0 : pace.take(bytes);
  return waitMs > 0 ? pause(waitMs, relay.ending) : undefined;
}
