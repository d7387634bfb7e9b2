import type { Direction } from "../../base/mod.ts";
import type { ByteBudget } from "../pace.ts";
import { CuttingDuplex } from "./_fault_cut.ts";
import { type BlackHole, blackHoleFilter, latencyFilter, sliceFilter, slowFilter } from "./_fault_filters.ts";
import { type FaultTime, pauseWhileActive } from "./fault_time.ts";
import { mix } from "./_noise.ts";
import { type CutKind, endOf, type FaultKind, type FaultRule, type FaultTerm } from "./fault_rule.ts";
import type { RelayContext, RelayEnd, RelayEnds, RelayEngine } from "../flow.ts";
import { type Filter, streamEngine, type StreamOptions } from "../streams.ts";

/** A rule that hit a session, and the seed of all its random numbers there. */
export interface Hit {
  readonly rule: FaultRule;
  readonly noise: number;
}

/** Options of a relay with faults. */
export interface FaultyRelayOptions extends StreamOptions {
  /** Called at most once, when a fault cuts the session, just before both connections are closed. */
  onCut(kind: CutKind, fault: FaultKind): void;
}

/** The state that the relays of all sessions of an app share. */
export interface FaultMeans {
  readonly time: FaultTime;
  /** Returns a budget for one direction of one session. */
  budget(bytesPerSecond: number, nowMs: number): ByteBudget;
}

/**
 * Returns a stream engine with faults in its path. The app's own filters run on the client's side of the faults,
 * which stand for a bad network between proxy and target.
 */
export function faultyEngine(
  { hits, means }: { readonly hits: readonly Hit[]; readonly means: FaultMeans },
  options: FaultyRelayOptions,
): RelayEngine {
  return async (ends: RelayEnds, context: RelayContext): Promise<RelayEnd> => {
    const run = new FaultyRun(means, context, options);
    try {
      return await run.relay(hits, ends);
    } finally {
      await run.dispose();
    }
  };
}

/** Where a wait does not depend on a fault. */
const ENDLESS: FaultTerm = { expiresAtMs: Infinity };

/** One relay with faults, with its timers and its cut. */
class FaultyRun {
  readonly #means: FaultMeans;
  readonly #context: RelayContext;
  readonly #options: FaultyRelayOptions;
  /**
   * Ends every wait of this relay: when the session ends, when the relay fails (which does not abort the session's
   * own signal), and when the relay is over.
   */
  readonly #ending = new AbortController();
  readonly #end = (): void => this.#ending.abort();
  readonly #alarms: Promise<void>[] = [];

  constructor(means: FaultMeans, context: RelayContext, options: FaultyRelayOptions) {
    this.#means = means;
    this.#context = context;
    this.#options = options;
    if (context.aborted) this.#end();
    else context.signal.addEventListener("abort", this.#end, { once: true });
  }

  relay(hits: readonly Hit[], ends: RelayEnds): Promise<RelayEnd> {
    const up: Filter[] = [];
    const down: Filter[] = [];
    let { client, target } = ends;
    for (const hit of hits) {
      const { rule } = hit;
      if (isOn(rule, "up")) up.push(...this.#filters(hit, "up"));
      if (isOn(rule, "down")) down.push(...this.#filters(hit, "down"));
      if (rule.kind !== "reset" && rule.kind !== "close") continue;
      const cut = (): void => this.#cut(rule.kind, rule.kind);
      const isActive = (): boolean => this.#isActive(rule);
      const { afterBytes = rule.afterMs === undefined ? 0 : Infinity, afterMs = Infinity } = rule;
      if (afterBytes === 0) this.#alarm(-Infinity, () => isActive() && cut());
      if (isOn(rule, "up")) target = new CuttingDuplex(target, { afterBytes, isActive, cut });
      if (isOn(rule, "down")) client = new CuttingDuplex(client, { afterBytes, isActive, cut });
      if (afterMs < Infinity) this.#alarm(this.#nowMs() + afterMs, () => isActive() && cut());
    }
    const { up: ownUp, down: ownDown, ticker, clock, buffers } = this.#options;
    const engine = streamEngine({
      ticker,
      clock,
      buffers,
      up: [...ownUp, ...up],
      down: [...down, ...ownDown],
    });
    const context = this.#context;
    const { up: upFlow, down: downFlow, prefetched, pendingRead } = context;
    const stop = (): void => this.#stop();
    const { signal } = this.#ending;
    return engine({ client, target }, {
      up: upFlow,
      down: downFlow,
      prefetched,
      pendingRead,
      get tap() {
        return context.tap;
      },
      get aborted() {
        return signal.aborted;
      },
      signal,
      stop,
      linger: (end) => context.linger(end),
    });
  }

  /** Ends all waits and returns when none is left. */
  async dispose(): Promise<void> {
    this.#context.signal.removeEventListener("abort", this.#end);
    this.#end();
    await Promise.all(this.#alarms);
  }

  #filters({ rule, noise }: Hit, direction: Direction): Filter[] {
    const { time } = this.#means;
    const term = rule;
    switch (rule.kind) {
      case "latency": {
        const { amountMs, jitterMs } = rule;
        const ofDirection = mix(noise, direction === "up" ? 1 : 2);
        return [latencyFilter({ time, term, amountMs, jitterMs, noise: ofDirection })];
      }
      case "bandwidth": {
        const { bytesPerSecond } = rule;
        const budget = this.#means.budget(bytesPerSecond, this.#nowMs());
        return [slowFilter({ time, term, bytesPerSecond, budget })];
      }
      case "slice":
        return [sliceFilter({ time, term, sizeBytes: rule.sizeBytes, delayMs: rule.delayMs })];
      case "black_hole": {
        const hole: BlackHole = { hasLost: false };
        if (rule.expiresAtMs < Infinity || rule.withdrawn !== undefined) {
          this.#alarm(Infinity, () => hole.hasLost && this.#cut("close", rule.kind), term);
        }
        return [blackHoleFilter({ time, term }, hole)];
      }
      case "reset":
      case "close":
      case "refuse":
        return [];
    }
  }

  /** Runs `action` at `atMs`, or when the fault ends, where one is given; not when the relay ends first. */
  #alarm(atMs: number, action: () => void, term: FaultTerm = ENDLESS): void {
    const { time } = this.#means;
    const { signal } = this.#ending;
    // The wait rejects only when the relay is over; nothing is left to do then.
    this.#alarms.push(pauseWhileActive(atMs, { term, time, signal }).then(action, () => {}));
  }

  #isActive(rule: FaultRule): boolean {
    return this.#nowMs() < endOf(rule);
  }

  #cut(kind: CutKind, fault: FaultKind): void {
    if (this.#ending.signal.aborted) return;
    this.#options.onCut(kind, fault);
    this.#stop();
  }

  #stop(): void {
    this.#end();
    this.#context.stop();
  }

  #nowMs(): number {
    return this.#means.time.clock.nowMs();
  }
}

function isOn({ direction }: FaultRule, one: Direction): boolean {
  return direction === one || direction === "both";
}
