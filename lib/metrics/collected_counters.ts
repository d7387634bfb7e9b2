import { type Clock, monotonicClock } from "../base/mod.ts";
import {
  activeOf,
  type AppCount,
  type CountersSnapshot,
  mergeCounters,
  NO_COUNTS,
  remainsOf,
  type TargetCount,
} from "./counters_snapshot.ts";
import { Departures } from "./departures.ts";

export interface CollectedCountersOptions {
  /** The labels of an app's targets; `undefined` where there is no such app. */
  targets(app: string): readonly string[] | undefined;
  readonly clock?: Clock;
}

/**
 * The counters of threads that come and go. The last counters that a thread sent are kept when it is gone.
 * Apps that are gone are forgotten, and of apps that stay, targets some minutes after they are gone.
 */
export class CollectedCounters<Thread> {
  readonly #options: CollectedCountersOptions;
  readonly #clock: Clock;
  readonly #last = new Map<Thread, CountersSnapshot>();
  readonly #gone = new Map<string, Departures>();
  #past: CountersSnapshot = NO_COUNTS;

  constructor(options: CollectedCountersOptions) {
    this.#options = options;
    this.#clock = options.clock ?? monotonicClock;
  }

  /** Takes the counters of a thread since its start. */
  receive(thread: Thread, counters: CountersSnapshot): void {
    this.#last.set(thread, counters);
  }

  /** A thread has ended or died. Idempotent. */
  gone(thread: Thread): void {
    const last = this.#last.get(thread);
    if (last === undefined) return;
    this.#last.delete(thread);
    this.#past = mergeCounters([this.#past, remainsOf(last)]);
  }

  /** Returns the totals of all threads, including those that are gone. */
  snapshot(): CountersSnapshot {
    const whole = mergeCounters([this.#past, ...this.#last.values()]);
    const apps = this.#kept(whole.apps);
    this.#past = { ...this.#past, apps: onlyOf(this.#past.apps, apps) };
    return { ...whole, apps };
  }

  #kept(apps: CountersSnapshot["apps"]): CountersSnapshot["apps"] {
    const kept = new Map<string, AppCount>();
    for (const [name, app] of apps) {
      const targets = this.#options.targets(name);
      if (targets !== undefined || activeOf(app) > 0) {
        kept.set(name, { ...app, targets: this.#keptTargets(name, app, new Set(targets)) });
      } else {
        this.#gone.delete(name);
      }
    }
    return kept;
  }

  #keptTargets(name: string, app: AppCount, known: ReadonlySet<string>): Map<string, TargetCount> {
    let gone = this.#gone.get(name);
    if (gone === undefined) this.#gone.set(name, gone = new Departures());
    const isThere = (label: string): boolean => known.has(label) || (app.targets.get(label)?.active ?? 0) > 0;
    const over = gone.over(app.targets.keys(), { isThere, nowMs: this.#clock.nowMs() });
    return new Map([...app.targets].filter(([label]) => !over.has(label)));
  }
}

/** The counts of apps and targets that are among those kept. */
function onlyOf(apps: CountersSnapshot["apps"], kept: CountersSnapshot["apps"]): CountersSnapshot["apps"] {
  return new Map([...apps].flatMap(([name, app]) => {
    const targets = kept.get(name)?.targets;
    if (targets === undefined) return [];
    return [[name, { ...app, targets: new Map([...app.targets].filter(([label]) => targets.has(label))) }]];
  }));
}
