import type { Clock, EventRate } from "../base/mod.ts";
import { type Places, type Rate, Slots, TokenBucket } from "../limits/mod.ts";
import type { AcceptGate, AcceptPlace } from "../listen/mod.ts";
import { pause } from "../relay/mod.ts";

/** What one app may take, over all of its listeners. */
export interface GateLimits {
  /** Connections at once; `Infinity` for no limit. */
  readonly maxConnections: number;
  /** How fast new connections are let in; `undefined` for no limit. */
  readonly acceptRate: EventRate | undefined;
}

/** The limits of one app as they are counted; each is `undefined` for none. */
export interface GatePermits {
  readonly places: Places | undefined;
  readonly rate: Rate | undefined;
}

/** The limits of an app that this thread alone carries. */
export function localPermits({ maxConnections, acceptRate }: GateLimits, clock: Clock): GatePermits {
  return {
    // At most one connection a listener waits, so that the queue is as short as the list of listeners.
    places: maxConnections === Infinity ? undefined : new Slots(maxConnections, { maxWaiting: Infinity }),
    rate: acceptRate === undefined ? undefined : new TokenBucket(acceptRate, clock.nowMs()),
  };
}

/** The gate of one app's listeners; `undefined` where nothing limits it. */
export function admissionGate(parts: GatePermits, clock: Clock): AcceptGate | undefined {
  return parts.places === undefined && parts.rate === undefined ? undefined : new Gate(parts, clock);
}

/** How often a connection that waits looks whether one before it has been refused, and left it its turn. */
const LOOK_MS = 100;

class Gate implements AcceptGate {
  readonly #places: Places | undefined;
  readonly #rate: Rate | undefined;
  readonly #clock: Clock;

  constructor({ places, rate }: GatePermits, clock: Clock) {
    this.#places = places;
    this.#rate = rate;
    this.#clock = clock;
  }

  async enter(signal: AbortSignal): Promise<AcceptPlace | undefined> {
    const slot = this.#places?.tryTake() ?? await this.#places?.take({ signal, timeoutMs: Infinity });
    try {
      while (this.#rate !== undefined && !this.#rate.tryTake(this.#clock.nowMs())) {
        await pause(Math.min(LOOK_MS, this.#rate.waitMs(this.#clock.nowMs())), signal);
      }
      return this.#rate === undefined ? slot : new RatedPlace(this.#rate, slot);
    } catch (error) {
      slot?.[Symbol.dispose]();
      throw error;
    }
  }
}

/** A place of an app with a rate, and a slot where its connections are counted too. */
class RatedPlace implements AcceptPlace {
  readonly #rate: Rate;
  readonly #slot: Disposable | undefined;

  constructor(rate: Rate, slot: Disposable | undefined) {
    this.#rate = rate;
    this.#slot = slot;
  }

  refund(): void {
    this.#rate.giveBack();
  }

  [Symbol.dispose](): void {
    this.#slot?.[Symbol.dispose]();
  }
}
