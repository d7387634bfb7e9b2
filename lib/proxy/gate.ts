import type { Clock } from "../base/mod.ts";
import { Slots, TokenBucket } from "../limits/mod.ts";
import type { AcceptGate } from "../listen/mod.ts";
import { pause } from "../relay/mod.ts";

/** What one app may take, over all of its listeners. */
export interface GateLimits {
  /** Connections at once; `Infinity` for no limit. */
  readonly maxConnections: number;
  /** New connections a second; `undefined` for no limit. */
  readonly acceptRate: number | undefined;
}

/** The gate of one app's listeners; `undefined` where nothing limits it. */
export function gateFor(limits: GateLimits, clock: Clock): AcceptGate | undefined {
  if (limits.maxConnections === Infinity && limits.acceptRate === undefined) return undefined;
  return new Gate(limits, clock);
}

class Gate implements AcceptGate {
  readonly #slots: Slots;
  readonly #rate: TokenBucket | undefined;
  readonly #clock: Clock;

  constructor(limits: GateLimits, clock: Clock) {
    // At most one connection a listener waits, so that the queue is as short as the list of listeners.
    this.#slots = new Slots(limits.maxConnections, { maxWaiting: Infinity });
    this.#rate = limits.acceptRate === undefined
      ? undefined
      : new TokenBucket({ ratePerSecond: limits.acceptRate }, clock.nowMs());
    this.#clock = clock;
  }

  async enter(signal: AbortSignal): Promise<Disposable | undefined> {
    const slot = this.#slots.tryTake() ?? await this.#slots.take({ signal, timeoutMs: Infinity });
    try {
      while (this.#rate !== undefined && !this.#rate.tryTake(this.#clock.nowMs())) {
        await pause(this.#rate.waitMs(this.#clock.nowMs()), signal);
      }
      return slot;
    } catch (error) {
      slot?.[Symbol.dispose]();
      throw error;
    }
  }
}
