import type { Clock, EventRate } from "../base/mod.ts";
import { type Permits, type Rate, Slots, TokenBucket } from "../limits/mod.ts";
import type { AcceptGate, AcceptPlace } from "../listen/mod.ts";
import { pause } from "../relay/mod.ts";

/** The connection limits of one app, over all of its listeners. */
export interface GateLimits {
  /** Connections at once; `Infinity` for no limit. */
  readonly maxConnections: number;
  /** The rate of new connections; `undefined` for no limit. */
  readonly acceptRate: EventRate | undefined;
}

/** The counters behind an app's limits; each is `undefined` for no limit. */
export interface GatePermits {
  readonly places: Permits | undefined;
  readonly rate: Rate | undefined;
}

/** The counters of an app that runs in one thread. */
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
   * Sets other limits. Connections that are counted stay counted; those accepted while there was no limit are not. An
   * unchanged rate keeps its tokens.
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
  // At most one connection per listener waits, so the queue is never longer than the list of listeners.
  return maxConnections === Infinity ? undefined : new Slots(maxConnections, { maxWaiting: Infinity });
}

/** Returns the gate of an app's listeners; `undefined` where nothing limits it. */
export function admissionGate(permits: GatePermits, clock: Clock): AcceptGate | undefined {
  return permits.places === undefined && permits.rate === undefined
    ? undefined
    : new AdmissionGate(permits, clock);
}

/** How often a waiting connection checks whether an earlier one was refused and gave its token back. */
const LOOK_MS = 100;

class AdmissionGate implements AcceptGate {
  readonly #permits: GatePermits;
  readonly #clock: Clock;

  constructor(permits: GatePermits, clock: Clock) {
    this.#permits = permits;
    this.#clock = clock;
  }

  enter(signal: AbortSignal): AcceptPlace | undefined | Promise<AcceptPlace | undefined> {
    const { places, rate } = this.#permits;
    const slot = places?.tryTake();
    if (places !== undefined && slot === undefined) return this.#waitForSlot(places, signal);
    if (rate === undefined) return slot;
    return rate.tryTake(this.#clock.nowMs()) ? new RatedPlace(rate, slot) : this.#waitForToken(slot, signal);
  }

  async #waitForSlot(places: Permits, signal: AbortSignal): Promise<AcceptPlace | undefined> {
    return await this.#waitForToken(await places.take({ signal, timeoutMs: Infinity }), signal);
  }

  async #waitForToken(
    slot: Disposable | undefined,
    signal: AbortSignal,
  ): Promise<AcceptPlace | undefined> {
    try {
      for (;;) {
        // Looked up each time: a reload may have changed or removed the rate.
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

/** A place in an app with a rate, holding a slot too where its connections are limited. */
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
