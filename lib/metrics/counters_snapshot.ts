/**
 * Counters as plain data that travels between threads, and how those of several threads add up.
 *
 * @module
 */
import type { Reason } from "../base/mod.ts";
import {
  emptyHistogram,
  type HistogramSnapshot,
  mergeHistograms,
  SESSION_BOUNDS_MS,
  WAIT_BOUNDS_MS,
} from "./histogram.ts";

/** How a dial ended, as metrics report it. */
export const DIAL_RESULTS = ["connected", "refused", "timeout", "error"] as const;
export type DialResultWord = typeof DIAL_RESULTS[number];

/** The counters of one thread, or of several together. All numbers except the gauges only grow. */
export interface CountersSnapshot {
  readonly apps: ReadonlyMap<string, AppCount>;
  /** Listeners that could not accept, once for each episode. */
  readonly acceptPauses: number;
  /** How long accepting was paused, in episodes that are over. */
  readonly acceptPausedMs: number;
  /** A gauge: the listeners that cannot accept at the moment. */
  readonly listenersPaused: number;
  /** By name: `main`, `worker 1`, … */
  readonly threads: ReadonlyMap<string, ThreadCount>;
}

/** The counters of a thread itself. */
export interface ThreadCount {
  /** How late its timers fired; `undefined` if it is not measured. */
  readonly loopDelay: HistogramSnapshot | undefined;
  /** A gauge: the bytes of live objects on its heap. */
  readonly heapBytes: number;
}

/** The counters of an app. */
export interface AppCount {
  /** Connections accepted: those that have ended and those that have not. */
  readonly accepted: number;
  /** Connections that have ended, by reason; a missing one stands for 0. */
  readonly ended: Readonly<Partial<Record<Reason, number>>>;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly dial: HistogramSnapshot;
  readonly queue: HistogramSnapshot;
  readonly firstByte: HistogramSnapshot;
  readonly session: HistogramSnapshot;
  readonly discovery: { readonly succeeded: number; readonly failed: number };
  readonly targets: ReadonlyMap<string, TargetCount>;
}

/** The counters of a target. */
export interface TargetCount {
  /** Connections relayed to it, including open ones. */
  readonly connections: number;
  /** A gauge: the connections dialing or relayed to it. */
  readonly active: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly dials: Readonly<Record<DialResultWord, number>>;
  /** Durations of the dials that connected; `undefined` without one. */
  readonly dial: HistogramSnapshot | undefined;
  readonly checks: { readonly succeeded: number; readonly failed: number };
  readonly ejections: number;
}

/** Counters before anything has happened. */
export const NO_COUNTS: CountersSnapshot = {
  apps: new Map(),
  acceptPauses: 0,
  acceptPausedMs: 0,
  listenersPaused: 0,
  threads: new Map(),
};

/** An app of which nothing was counted. */
export const NO_APP_COUNT: AppCount = {
  accepted: 0,
  ended: {},
  bytesUp: 0,
  bytesDown: 0,
  dial: emptyHistogram(WAIT_BOUNDS_MS),
  queue: emptyHistogram(WAIT_BOUNDS_MS),
  firstByte: emptyHistogram(WAIT_BOUNDS_MS),
  session: emptyHistogram(SESSION_BOUNDS_MS),
  discovery: { succeeded: 0, failed: 0 },
  targets: new Map(),
};

/** A target of which nothing was counted. */
export const NO_TARGET_COUNT: TargetCount = {
  connections: 0,
  active: 0,
  bytesUp: 0,
  bytesDown: 0,
  dials: { connected: 0, refused: 0, timeout: 0, error: 0 },
  dial: undefined,
  checks: { succeeded: 0, failed: 0 },
  ejections: 0,
};

/** Adds up what several threads have counted. */
export function mergeCounters(parts: Iterable<CountersSnapshot>): CountersSnapshot {
  let whole = NO_COUNTS;
  for (const part of parts) whole = whole === NO_COUNTS ? part : mergeTwo(whole, part);
  return whole;
}

function mergeTwo(a: CountersSnapshot, b: CountersSnapshot): CountersSnapshot {
  return {
    apps: mergeMaps(a.apps, b.apps, mergeApps),
    acceptPauses: a.acceptPauses + b.acceptPauses,
    acceptPausedMs: a.acceptPausedMs + b.acceptPausedMs,
    listenersPaused: a.listenersPaused + b.listenersPaused,
    threads: mergeMaps(a.threads, b.threads, (one, other) => ({
      loopDelay: mergeOptional(one.loopDelay, other.loopDelay),
      heapBytes: one.heapBytes + other.heapBytes,
    })),
  };
}

/** The connections of an app that have not ended. */
export function activeOf({ accepted, ended }: AppCount): number {
  return Object.values(ended).reduce((left, count) => left - count, accepted);
}

/**
 * Returns what remains of a thread that is gone: its gauges are 0, and connections that it had not ended yet count as
 * ended by `error`.
 */
export function remainsOf(counters: CountersSnapshot): CountersSnapshot {
  return {
    ...counters,
    listenersPaused: 0,
    threads: new Map([...counters.threads].map(([name, thread]) => [name, { ...thread, heapBytes: 0 }])),
    apps: new Map([...counters.apps].map(([name, app]) => [name, withoutSessions(app)])),
  };
}

function withoutSessions(app: AppCount): AppCount {
  const lost = activeOf(app);
  return {
    ...app,
    ended: lost === 0 ? app.ended : { ...app.ended, error: (app.ended.error ?? 0) + lost },
    targets: new Map([...app.targets].map(([label, target]) => [label, { ...target, active: 0 }])),
  };
}

/** Adds up the counters of one app, or of several. */
export function mergeApps(a: AppCount, b: AppCount): AppCount {
  return {
    accepted: a.accepted + b.accepted,
    ended: mergeRecords(a.ended, b.ended),
    bytesUp: a.bytesUp + b.bytesUp,
    bytesDown: a.bytesDown + b.bytesDown,
    dial: mergeHistograms(a.dial, b.dial),
    queue: mergeHistograms(a.queue, b.queue),
    firstByte: mergeHistograms(a.firstByte, b.firstByte),
    session: mergeHistograms(a.session, b.session),
    discovery: mergeResults(a.discovery, b.discovery),
    targets: mergeMaps(a.targets, b.targets, mergeTargets),
  };
}

function mergeTargets(a: TargetCount, b: TargetCount): TargetCount {
  return {
    connections: a.connections + b.connections,
    active: a.active + b.active,
    bytesUp: a.bytesUp + b.bytesUp,
    bytesDown: a.bytesDown + b.bytesDown,
    dials: {
      connected: a.dials.connected + b.dials.connected,
      refused: a.dials.refused + b.dials.refused,
      timeout: a.dials.timeout + b.dials.timeout,
      error: a.dials.error + b.dials.error,
    },
    dial: mergeOptional(a.dial, b.dial),
    checks: mergeResults(a.checks, b.checks),
    ejections: a.ejections + b.ejections,
  };
}

function mergeResults(a: AppCount["discovery"], b: AppCount["discovery"]): AppCount["discovery"] {
  return { succeeded: a.succeeded + b.succeeded, failed: a.failed + b.failed };
}

function mergeRecords(a: AppCount["ended"], b: AppCount["ended"]): AppCount["ended"] {
  const sum: Partial<Record<Reason, number>> = { ...a };
  for (const [reason, count] of Object.entries(b) as [Reason, number][]) {
    sum[reason] = (sum[reason] ?? 0) + count;
  }
  return sum;
}

function mergeOptional(
  a: HistogramSnapshot | undefined,
  b: HistogramSnapshot | undefined,
): HistogramSnapshot | undefined {
  return a === undefined ? b : b === undefined ? a : mergeHistograms(a, b);
}

function mergeMaps<Value>(
  a: ReadonlyMap<string, Value>,
  b: ReadonlyMap<string, Value>,
  merge: (a: Value, b: Value) => Value,
): Map<string, Value> {
  const merged = new Map(a);
  for (const [key, value] of b) {
    const other = merged.get(key);
    merged.set(key, other === undefined ? value : merge(other, value));
  }
  return merged;
}
