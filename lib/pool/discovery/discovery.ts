import { errorMessage, type Random } from "../../base/mod.ts";
import { diffTargets, type DiscoveredTarget, type DiscoveryChange } from "./discovery_change.ts";
import { nextCheckDelayMs } from "../health.ts";
import { type Cancel, runtimeScheduler, type Scheduler } from "../scheduler.ts";
import { type DiscoverySource, DnsLookup, dnsResolver, type Resolver } from "./dns_lookup.ts";
import type { Lookup } from "./lookup.ts";

/** The events of a discovery. None follows after `stop`. */
export interface DiscoveryObserver {
  /** The targets have changed; also called for the first answer. */
  changed(change: DiscoveryChange): void;
  /** Lookups are failing from now on, and the last good targets stay; called once per episode. */
  failing(error: string): void;
  /** A lookup has ended. */
  answered?(isGood: boolean): void;
  /** The episode is over. */
  recovered(failedForMs: number): void;
}

/** The status of a discovery. Times are on the scheduler's clock. */
export interface DiscoveryState {
  readonly targets: readonly DiscoveredTarget[];
  /** When the last fully good answer arrived; `undefined` before the first. */
  readonly lastGoodMs: number | undefined;
  /** The same, in milliseconds since the Unix epoch. */
  readonly answeredAtMs: number | undefined;
  /** Since when lookups have been failing; `undefined` while they succeed. */
  readonly failingSinceMs: number | undefined;
  /** The error of the last lookup; `undefined` while they succeed. */
  readonly error: string | undefined;
}

export interface DiscoveryOptions {
  /**
   * Between the starts of two lookups, give or take 5 %. `Infinity` looks up until there is an answer, and never
   * again.
   */
  readonly intervalMs: number;
  /** The time limit of one lookup, with all names of an SRV answer. Default 5 s. */
  readonly timeoutMs?: number;
  readonly observer?: DiscoveryObserver;
  /** Default {@link dnsResolver} of the system's servers. */
  readonly resolver?: Resolver;
  /** Default the runtime's timers. */
  readonly scheduler?: Scheduler;
  /** Default `Math.random`. */
  readonly random?: Random;
}

const DEFAULT_TIMEOUT_MS = 5000;

/** The first delay after a failed lookup; it doubles each time. */
const FIRST_RETRY_MS = 1000;

/** The longest delay after a failed lookup, where the interval is not shorter. */
const MAX_RETRY_MS = 30_000;

/**
 * Finds the targets of one config entry, and keeps them up to date.
 *
 * The last good answer is kept through errors, timeouts and answers without records: a DNS outage must not become an
 * outage of the app. Each name of an SRV answer keeps its own last good addresses while a record still names it. One
 * answer does empty the list: a single SRV record whose target is `.`, by which RFC 2782 declares the service not
 * available. Nobody publishes that by accident. The list of a file or an endpoint is empty only if it says so, and then is
 * an answer as any other.
 */
export class Discovery {
  readonly #lookup: Lookup;
  readonly #options: DiscoveryOptions;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #stopped = new AbortController();
  #targets: readonly DiscoveredTarget[] = [];
  #lastGoodMs: number | undefined;
  #answeredAtMs: number | undefined;
  #failing: { readonly sinceMs: number; readonly rounds: number; readonly error: string } | undefined;
  #round: Promise<void> | undefined;
  /** Whether a lookup is under way; and whether the source has changed meanwhile. */
  #isAsking = false;
  #isStale = false;
  #watch: Disposable | undefined;
  #cancelNext: Cancel = () => {};

  constructor(source: DiscoverySource | Lookup, options: DiscoveryOptions) {
    this.#lookup = "ask" in source ? source : new DnsLookup(source, options.resolver ?? dnsResolver());
    this.#options = options;
    this.#scheduler = options.scheduler ?? runtimeScheduler;
    this.#random = options.random ?? Math.random;
  }

  get state(): DiscoveryState {
    return {
      targets: this.#targets,
      lastGoodMs: this.#lastGoodMs,
      answeredAtMs: this.#answeredAtMs,
      failingSinceMs: this.#failing?.sinceMs,
      error: this.#failing?.error,
    };
  }

  /**
   * Starts lookups; resolves when the first has ended, `waitMs` have passed, or it is stopped; lookups continue.
   * Never rejects. Call it once.
   */
  async start(waitMs: number): Promise<void> {
    this.#watch = this.#lookup.watch?.(() => this.#changed());
    this.#begin();
    const waited = Promise.withResolvers<void>();
    const cancel = this.#scheduler.after(waitMs, waited.resolve);
    await Promise.race([this.#round, waited.promise]);
    cancel();
  }

  /** Cancels lookups. Resolves when none is left running. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#watch?.[Symbol.dispose]();
    this.#cancelNext();
    await this.#round;
  }

  #begin(): void {
    if (this.#stopped.signal.aborted) return;
    const beganMs = this.#scheduler.nowMs();
    this.#isAsking = true;
    this.#isStale = false;
    this.#round = this.#ask().then(() => {
      this.#isAsking = false;
      if (this.#stopped.signal.aborted) return;
      if (this.#isStale) return this.#begin();
      // After a failure there is always a pause, even when the lookup took longer than that.
      const elapsedMs = this.#failing === undefined ? this.#scheduler.nowMs() - beganMs : 0;
      const delayMs = nextCheckDelayMs(this.#nextRoundMs(), this.#random) - elapsedMs;
      if (delayMs === Infinity) return;
      this.#cancelNext = this.#scheduler.after(Math.max(0, delayMs), () => this.#begin());
    });
  }

  /** The source has another answer: it is asked at once. */
  #changed(): void {
    this.#isStale = true;
    if (this.#isAsking) return;
    this.#cancelNext();
    this.#begin();
  }

  #nextRoundMs(): number {
    const { intervalMs } = this.#options;
    if (this.#failing === undefined) return intervalMs;
    return Math.min(intervalMs, MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failing.rounds - 1));
  }

  /** One lookup with its consequences. Never rejects. */
  async #ask(): Promise<void> {
    const limit = new AbortController();
    const stopped = this.#stopped.signal;
    const timeoutMs = this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const timeout = new Error(`${this.#lookup.what}: no answer within ${timeoutMs} ms`);
    const cancel = this.#scheduler.after(timeoutMs, () => limit.abort(timeout));
    const onStop = (): void => limit.abort(stopped.reason);
    stopped.addEventListener("abort", onStop);
    try {
      const { targets, problem } = await this.#lookup.ask(limit.signal);
      if (stopped.aborted) return;
      if (targets !== undefined) this.#apply(targets);
      if (problem === undefined) this.#succeeded();
      else this.#failed(problem);
    } catch (error) {
      if (!stopped.aborted) this.#failed(errorMessage(error));
    } finally {
      cancel();
      stopped.removeEventListener("abort", onStop);
    }
  }

  #apply(answer: readonly DiscoveredTarget[]): void {
    const change = diffTargets(this.#targets, answer);
    const isFirst = this.#lastGoodMs === undefined && change.targets.length === 0;
    this.#targets = change.targets;
    const isSame = change.added.length + change.removed.length + change.changed.length === 0;
    if (isFirst || !isSame) this.#options.observer?.changed(change);
  }

  #succeeded(): void {
    this.#options.observer?.answered?.(true);
    const failing = this.#failing;
    this.#failing = undefined;
    this.#lastGoodMs = this.#scheduler.nowMs();
    this.#answeredAtMs = Date.now();
    if (failing !== undefined) this.#options.observer?.recovered(this.#lastGoodMs - failing.sinceMs);
  }

  #failed(error: string): void {
    this.#options.observer?.answered?.(false);
    const before = this.#failing;
    this.#failing = {
      sinceMs: before?.sinceMs ?? this.#scheduler.nowMs(),
      rounds: (before?.rounds ?? 0) + 1,
      error,
    };
    if (before === undefined) this.#options.observer?.failing(error);
  }
}
