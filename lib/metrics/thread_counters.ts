import { type Clock, monotonicClock } from "../base/mod.ts";
import { AppCounters, type LiveCount, type LiveTargetCount } from "./app_counters.ts";
import type { AppCount, CountersSnapshot } from "./counters_snapshot.ts";
import { Departures } from "./departures.ts";
import type { HistogramSnapshot } from "./histogram.ts";

/** A connection that has not ended. */
export interface LiveSession {
  readonly app: { readonly name: string };
  readonly up: { readonly bytes: number };
  readonly down: { readonly bytes: number };
  readonly target: { readonly target: { readonly label: string } } | undefined;
}

/** A target in use. */
export interface LiveTarget {
  readonly label: string;
  /** Connections of this thread, dialing or relayed to it. */
  readonly active: number;
}

export interface ThreadCountersOptions {
  /** The thread's name: `main`, `worker 1`, … */
  readonly thread: string;
  /** The targets of an app; `undefined` where there is no such app. */
  targets(app: string): readonly LiveTarget[] | undefined;
  /** The connections of this thread that have not ended. Default: it carries none. */
  sessions?(): Iterable<LiveSession>;
  /** How late timers fire in this thread. Default: not measured. */
  loopDelay?(): HistogramSnapshot | undefined;
  /** The bytes of live objects on this thread's heap. Default: the runtime's figure. */
  heapBytes?(): number;
  readonly clock?: Clock;
}

/** All counters of one thread. Counting only adds to numbers; totals are computed on request. */
export class ThreadCounters {
  readonly #options: ThreadCountersOptions;
  readonly #clock: Clock;
  readonly #apps = new Map<string, { counters: AppCounters; gone: Departures; wasInUse: boolean }>();
  #acceptPauses = 0;
  #acceptPausedMs = 0;
  #listenersPaused = 0;

  constructor(options: ThreadCountersOptions) {
    this.#options = options;
    this.#clock = options.clock ?? monotonicClock;
  }

  /** The counters of an app, which survive every reload that keeps the app. */
  app(name: string): AppCounters {
    let app = this.#apps.get(name);
    if (app === undefined) {
      const isTarget = (label: string): boolean =>
        this.#options.targets(name)?.some((target) => target.label === label) === true;
      app = { counters: new AppCounters(isTarget), gone: new Departures(), wasInUse: false };
      this.#apps.set(name, app);
    }
    // A reload may be preparing the app, which is not in use before it is done.
    app.wasInUse = false;
    return app.counters;
  }

  acceptPaused(): void {
    this.#acceptPauses++;
    this.#listenersPaused++;
  }

  acceptResumed(pausedMs: number): void {
    this.#acceptPausedMs += pausedMs;
    this.#listenersPaused--;
  }

  /** Adds up everything. Forgets apps that are gone with their last connection, and targets some minutes after it. */
  snapshot(): CountersSnapshot {
    const { thread, loopDelay, heapBytes = () => Deno.memoryUsage().heapUsed } = this.#options;
    return {
      apps: this.#countApps(),
      acceptPauses: this.#acceptPauses,
      acceptPausedMs: this.#acceptPausedMs,
      listenersPaused: this.#listenersPaused,
      threads: new Map([[thread, { loopDelay: loopDelay?.(), heapBytes: heapBytes() }]]),
    };
  }

  #countApps(): Map<string, AppCount> {
    const live = this.#countSessions();
    const counts = new Map<string, AppCount>();
    const nowMs = this.#clock.nowMs();
    for (const [name, app] of this.#apps) {
      const { counters, gone } = app;
      const targets = this.#options.targets(name);
      if (targets !== undefined) {
        app.wasInUse = true;
      } else if (counters.isIdle) {
        if (app.wasInUse) this.#apps.delete(name);
        continue;
      }
      const count = live.get(name) ?? noLiveCount();
      const known = new Set(targets?.map(({ label }) => label));
      for (const [label, target] of count.targets) {
        if (known.has(label)) target.active = 0;
        else known.add(label);
      }
      for (const { label, active } of targets ?? []) {
        if (active > 0) liveTarget(count, label).active += active;
      }
      const isThere = (label: string): boolean => known.has(label);
      for (const label of gone.over(counters.targets(), { isThere, nowMs })) counters.forget(label);
      counts.set(name, counters.snapshot(count));
    }
    return counts;
  }

  #countSessions(): Map<string, LiveCount> {
    const counts = new Map<string, LiveCount>();
    for (const { app: { name }, up, down, target } of this.#options.sessions?.() ?? []) {
      let count = counts.get(name);
      if (count === undefined) counts.set(name, count = noLiveCount());
      count.bytesUp += up.bytes;
      count.bytesDown += down.bytes;
      if (target === undefined) continue;
      const to = liveTarget(count, target.target.label);
      to.connections++;
      // Right for a target that is gone; of any other its pool knows it better.
      to.active++;
      to.bytesUp += up.bytes;
      to.bytesDown += down.bytes;
    }
    return counts;
  }
}

function noLiveCount(): LiveCount {
  return { bytesUp: 0, bytesDown: 0, targets: new Map() };
}

function liveTarget({ targets }: LiveCount, label: string): LiveTargetCount {
  let count = targets.get(label);
  if (count === undefined) {
    targets.set(label, count = { connections: 0, active: 0, bytesUp: 0, bytesDown: 0 });
  }
  return count;
}
