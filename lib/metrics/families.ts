import { REASONS } from "../base/mod.ts";
import {
  activeOf,
  type AppCount,
  DIAL_RESULTS,
  NO_TARGET_COUNT,
  type TargetCount,
} from "./counters_snapshot.ts";
import type { Family, Sample } from "./exposition.ts";
import { type Metric, METRICS } from "./metric.ts";
import type { AppGauges, MetricsSnapshot, TargetGauges } from "./metrics_snapshot.ts";

/** Facts about the process that its proxy does not have. */
export interface ProcessFacts {
  readonly version: string;
  readonly startedMs: number;
  readonly residentBytes: number;
  readonly cpuSeconds: number;
  readonly config: {
    readonly hash: string;
    readonly loadedMs: number;
    readonly reloads: { readonly succeeded: number; readonly failed: number };
    readonly isLastReloadGood: boolean;
  };
  readonly droppedLines: { readonly access: number; readonly operational: number };
}

/** Returns every metric with its values. */
export function families(snapshot: MetricsSnapshot, facts: ProcessFacts): Family[] {
  const { counters } = snapshot;
  return [
    ...appFamilies([...counters.apps], snapshot.apps),
    ...targetFamilies(targetRows(snapshot)),
    family(
      METRICS.discoveries,
      [...counters.apps].flatMap(([app, { discovery }]) => resultsOf([app], discovery)),
    ),
    one(METRICS.acceptPaused, counters.acceptPauses),
    one(METRICS.acceptPausedSeconds, counters.acceptPausedMs / 1000),
    one(METRICS.listenersPaused, counters.listenersPaused),
    one(METRICS.draining, Number(snapshot.isDraining)),
    ...configFamilies(facts.config),
    family(
      METRICS.certificates,
      snapshot.certificates.map(({ app, file, validToMs }) => sample([app, file], validToMs / 1000)),
    ),
    family(
      METRICS.droppedLines,
      Object.entries(facts.droppedLines).map(([log, count]) => sample([log], count)),
    ),
    one(METRICS.workers, snapshot.workers.count),
    one(METRICS.workerDeaths, snapshot.workers.deaths),
    one(METRICS.workerRestarts, snapshot.workers.restarts),
    family(
      METRICS.loopDelay,
      [...counters.threads].flatMap(([name, { loopDelay }]) =>
        loopDelay === undefined ? [] : [sample([name], loopDelay)]
      ),
    ),
    family(METRICS.heap, [...counters.threads].map(([name, { heapBytes }]) => sample([name], heapBytes))),
    family(METRICS.build, [sample([facts.version], 1)]),
    one(METRICS.memory, facts.residentBytes),
    one(METRICS.cpu, facts.cpuSeconds),
    one(METRICS.started, facts.startedMs / 1000),
  ];
}

function appFamilies(apps: readonly [string, AppCount][], gauges: readonly AppGauges[]): Family[] {
  const each = (metric: Metric, value: (count: AppCount) => Sample["value"]): Family =>
    family(metric, apps.map(([name, count]) => sample([name], value(count))));
  return [
    each(METRICS.accepted, ({ accepted }) => accepted),
    // All reasons from the start: what begins with 1 has no first increase.
    family(
      METRICS.ended,
      apps.flatMap(([name, { ended }]) =>
        REASONS.map((reason) => sample([name, reason], ended[reason] ?? 0))
      ),
    ),
    each(METRICS.active, activeOf),
    family(
      METRICS.limit,
      gauges.flatMap(({ name, maxConnections }) =>
        maxConnections === Infinity ? [] : [sample([name], maxConnections)]
      ),
    ),
    family(METRICS.bytes, apps.flatMap(([name, count]) => directionsOf([name], count))),
    each(METRICS.dialSeconds, ({ dial }) => dial),
    each(METRICS.queueSeconds, ({ queue }) => queue),
    each(METRICS.firstByteSeconds, ({ firstByte }) => firstByte),
    each(METRICS.sessionSeconds, ({ session }) => session),
  ];
}

/** A target of an app: its gauges while it is in use, and its counters. */
interface TargetRow {
  readonly labels: readonly [app: string, target: string];
  readonly gauges: TargetGauges | undefined;
  readonly count: TargetCount;
}

function targetRows({ apps, counters }: MetricsSnapshot): TargetRow[] {
  const rows = new Map<string, TargetRow>();
  const add = (app: string, target: string, gauges: TargetGauges | undefined): void => {
    const count = counters.apps.get(app)?.targets.get(target) ?? NO_TARGET_COUNT;
    const key = JSON.stringify([app, target]);
    rows.set(key, { labels: [app, target], gauges: worse(rows.get(key)?.gauges, gauges), count });
  };
  for (const { name, targets } of apps) for (const target of targets) add(name, target.label, target);
  for (const [name, { targets }] of counters.apps) {
    for (const target of targets.keys()) add(name, target, undefined);
  }
  return [...rows.values()];
}

/** Merges one target's gauges in two pools: not up if it is not up in one of them, and the larger weight. */
function worse(a: TargetGauges | undefined, b: TargetGauges | undefined): TargetGauges | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return {
    ...a,
    health: a.health === "up" ? b.health : a.health,
    isInMaintenance: a.isInMaintenance || b.isInMaintenance,
    weight: Math.max(a.weight, b.weight),
  };
}

function targetFamilies(rows: readonly TargetRow[]): Family[] {
  const state = (metric: Metric, value: (gauges: TargetGauges) => number): Family =>
    family(
      metric,
      rows.flatMap(({ labels, gauges }) => gauges === undefined ? [] : [sample(labels, value(gauges))]),
    );
  const each = (metric: Metric, value: (count: TargetCount) => number): Family =>
    family(metric, rows.map(({ labels, count }) => sample(labels, value(count))));
  const all = (
    metric: Metric,
    samples: (labels: readonly string[], count: TargetCount) => Sample[],
  ): Family => family(metric, rows.flatMap(({ labels, count }) => samples(labels, count)));
  return [
    state(METRICS.targetUp, ({ health }) => Number(health === "up")),
    state(METRICS.targetEjected, ({ health }) => Number(health === "ejected")),
    state(METRICS.targetMaintenance, ({ isInMaintenance }) => Number(isInMaintenance)),
    state(METRICS.targetWeight, ({ weight }) => weight),
    each(METRICS.targetActive, ({ active }) => active),
    all(METRICS.targetBytes, directionsOf),
    all(
      METRICS.dials,
      (labels, { dials }) => DIAL_RESULTS.map((word) => sample([...labels, word], dials[word])),
    ),
    all(METRICS.checks, (labels, { checks }) => resultsOf(labels, checks)),
    each(METRICS.ejections, ({ ejections }) => ejections),
  ];
}

function configFamilies({ hash, loadedMs, reloads, isLastReloadGood }: ProcessFacts["config"]): Family[] {
  return [
    family(METRICS.reloads, resultsOf([], reloads)),
    one(METRICS.reloadSuccessful, Number(isLastReloadGood)),
    one(METRICS.loaded, loadedMs / 1000),
    family(METRICS.config, [sample([hash], 1)]),
  ];
}

function directionsOf(
  labels: readonly string[],
  { bytesUp, bytesDown }: { readonly bytesUp: number; readonly bytesDown: number },
): Sample[] {
  return [sample([...labels, "up"], bytesUp), sample([...labels, "down"], bytesDown)];
}

function resultsOf(labels: readonly string[], { succeeded, failed }: AppCount["discovery"]): Sample[] {
  return [sample([...labels, "succeeded"], succeeded), sample([...labels, "failed"], failed)];
}

function family(metric: Metric, samples: readonly Sample[]): Family {
  return { metric, samples };
}

function one(metric: Metric, value: number): Family {
  return family(metric, [sample([], value)]);
}

function sample(labels: readonly string[], value: Sample["value"]): Sample {
  return { labels, value };
}
