import type { Clock, EventRate } from "../base/mod.ts";
import { type Permits, type Rate, Slots, TokenBucket } from "../limits/mod.ts";
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
  readonly places: Permits | undefined;
  readonly rate: Rate | undefined;
}

/** The permits of an app that this thread alone carries. */
export class LocalPermits implements GatePermits {
  readonly #clock: Clock;
  #limits: GateLimits;
  #slots: Slots | undefined;
  #rate: TokenBucket | undefined;

  constructor(limits: GateLimits, clock: Clock) {
    this.#clock = clock;
    this.#limits = limits;
    this.#slots = slotsOf(limits);
    this.#rate = this.#rateOf(limits);
  }

  get places(): Permits | undefined {
    return this.#slots;
  }

  get rate(): Rate | undefined {
    return this.#rate;
  }

  /**
   * Sets other limits. Connections that are counted stay so; those that came while there was no limit are not. A rate that
   * stays goes on as it is.
   */
  update(limits: GateLimits): void {
    const { maxConnections, acceptRate } = limits;
    if (this.#slots === undefined) this.#slots = slotsOf(limits);
    else this.#slots.resize(maxConnections);
    const before = this.#limits.acceptRate;
    if (acceptRate?.ratePerSecond !== before?.ratePerSecond || acceptRate?.burst !== before?.burst) {
      this.#rate = this.#rateOf(limits);
    }
    this.#limits = limits;
  }

  #rateOf({ acceptRate }: GateLimits): TokenBucket | undefined {
    return acceptRate === undefined ? undefined : new TokenBucket(acceptRate, this.#clock.nowMs());
  }
}

function slotsOf({ maxConnections }: GateLimits): Slots | undefined {
  // At most one connection a listener waits, so that the queue is as short as the list of listeners.
  return maxConnections === Infinity ? undefined : new Slots(maxConnections, { maxWaiting: Infinity });
}

/** The gate of one app's listeners; `undefined` where nothing limits it. */
export function admissionGate(permits: GatePermits, clock: Clock): AcceptGate | undefined {
  return permits.places === undefined && permits.rate === undefined
    ? undefined
    : new AdmissionGate(permits, clock);
}

/** How often a connection that waits looks whether one before it has been refused, and left it its turn. */
const LOOK_MS = 100;

class AdmissionGate implements AcceptGate {
  readonly #permits: GatePermits;
  readonly #clock: Clock;

  constructor(permits: GatePermits, clock: Clock) {
    this.#permits = permits;
    this.#clock = clock;
  }

  async enter(signal: AbortSignal): Promise<AcceptPlace | undefined> {
    const { places } = this.#permits;
    const slot = places?.tryTake() ?? await places?.take({ signal, timeoutMs: Infinity });
    try {
      for (;;) {
        // Looked up each time: a reload may have set another rate, or none.
        const { rate } = this.#permits;
        if (rate === undefined) return slot;
        if (rate.tryTake(this.#clock.nowMs())) return new RatedPlace(rate, slot);
        await pause(Math.min(LOOK_MS, rate.waitMs(this.#clock.nowMs())), signal);
      }
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
