import type { Reason } from "../base/mod.ts";
import type { SessionTally, TalliedSession } from "../session/mod.ts";
import type { AppCount, DialResultWord, TargetCount } from "./counters_snapshot.ts";
import { Histogram, SESSION_BOUNDS_MS, WAIT_BOUNDS_MS } from "./histogram.ts";

/** The number of targets at which those that are gone are removed; later, twice as many as were left the last time. */
const FEW_TARGETS = 256;

/** The counters of one app in one thread: plain numbers, updated at each event. */
export class AppCounters implements SessionTally {
  readonly #isTarget: (label: string) => boolean;
  #manyTargets = FEW_TARGETS;
  #accepted = 0;
  readonly #ended: Partial<Record<Reason, number>> = {};
  #bytesUp = 0;
  #bytesDown = 0;
  readonly #dial = new Histogram(WAIT_BOUNDS_MS);
  readonly #queue = new Histogram(WAIT_BOUNDS_MS);
  readonly #firstByte = new Histogram(WAIT_BOUNDS_MS);
  readonly #session = new Histogram(SESSION_BOUNDS_MS);
  readonly #discovery = { succeeded: 0, failed: 0 };
  readonly #targets = new Map<string, TargetCounters>();

  /** @param isTarget whether the app has a target of this label now. */
  constructor(isTarget: (label: string) => boolean) {
    this.#isTarget = isTarget;
  }

  sessionBegan(): void {
    this.#accepted++;
  }

  sessionEnded({ reason = "error", up, down, target, startedMs, endedMs }: TalliedSession): void {
    this.#ended[reason] = (this.#ended[reason] ?? 0) + 1;
    this.#session.add(endedMs - startedMs);
    this.#bytesUp += up.bytes;
    this.#bytesDown += down.bytes;
    if (target === undefined) return;
    const counters = this.#target(target.target.label);
    counters.connections++;
    counters.bytesUp += up.bytes;
    counters.bytesDown += down.bytes;
  }

  queued(ms: number): void {
    this.#queue.add(ms);
  }

  firstByte(ms: number): void {
    this.#firstByte.add(ms);
  }

  dialed(target: string, ms: number): void {
    this.#dial.add(ms);
    const counters = this.#target(target);
    counters.dials.connected++;
    (counters.dial ??= new Histogram(WAIT_BOUNDS_MS)).add(ms);
  }

  dialFailed(target: string, code: string): void {
    this.#target(target).dials[resultOf(code)]++;
  }

  checked(target: string, isGood: boolean): void {
    this.#target(target).checks[isGood ? "succeeded" : "failed"]++;
  }

  ejected(target: string): void {
    this.#target(target).ejections++;
  }

  discovered(isGood: boolean): void {
    this.#discovery[isGood ? "succeeded" : "failed"]++;
  }

  /** The labels of targets that something was counted of. */
  targets(): string[] {
    return [...this.#targets.keys()];
  }

  /** Drops the counters of a target. */
  forget(target: string): void {
    this.#targets.delete(target);
  }

  /** Whether all its connections have ended. */
  get isIdle(): boolean {
    return Object.values(this.#ended).reduce((left, count) => left - count, this.#accepted) === 0;
  }

  /** @param live the traffic of its open connections. */
  snapshot(live: LiveCount): AppCount {
    const targets = new Map<string, TargetCount>();
    for (const label of new Set([...this.#targets.keys(), ...live.targets.keys()])) {
      targets.set(label, (this.#targets.get(label) ?? NO_COUNTERS).snapshot(live.targets.get(label)));
    }
    return {
      accepted: this.#accepted,
      ended: { ...this.#ended },
      bytesUp: this.#bytesUp + live.bytesUp,
      bytesDown: this.#bytesDown + live.bytesDown,
      dial: this.#dial.snapshot(),
      queue: this.#queue.snapshot(),
      firstByte: this.#firstByte.snapshot(),
      session: this.#session.snapshot(),
      discovery: { ...this.#discovery },
      targets,
    };
  }

  #target(label: string): TargetCounters {
    let counters = this.#targets.get(label);
    if (counters !== undefined) return counters;
    if (this.#targets.size >= this.#manyTargets) this.#forgetGone();
    counters = new TargetCounters();
    this.#targets.set(label, counters);
    return counters;
  }

  /** Discovery may replace targets for years without a request for a snapshot. */
  #forgetGone(): void {
    for (const label of this.#targets.keys()) if (!this.#isTarget(label)) this.#targets.delete(label);
    this.#manyTargets = Math.max(FEW_TARGETS, 2 * this.#targets.size);
  }
}

/** Traffic of open connections, to be added to that of ended ones. */
export interface LiveCount {
  bytesUp: number;
  bytesDown: number;
  readonly targets: Map<string, LiveTargetCount>;
}

export interface LiveTargetCount {
  /** Relayed to it. */
  connections: number;
  /** Dialing or relayed to it. */
  active: number;
  bytesUp: number;
  bytesDown: number;
}

class TargetCounters {
  connections = 0;
  bytesUp = 0;
  bytesDown = 0;
  ejections = 0;
  readonly dials: Record<DialResultWord, number> = { connected: 0, refused: 0, timeout: 0, error: 0 };
  readonly checks = { succeeded: 0, failed: 0 };
  dial: Histogram | undefined;

  snapshot(live: LiveTargetCount | undefined): TargetCount {
    return {
      connections: this.connections + (live?.connections ?? 0),
      active: live?.active ?? 0,
      bytesUp: this.bytesUp + (live?.bytesUp ?? 0),
      bytesDown: this.bytesDown + (live?.bytesDown ?? 0),
      dials: { ...this.dials },
      dial: this.dial?.snapshot(),
      checks: { ...this.checks },
      ejections: this.ejections,
    };
  }
}

const NO_COUNTERS = new TargetCounters();

function resultOf(code: string): DialResultWord {
  if (code === "ECONNREFUSED") return "refused";
  return code === "ETIMEDOUT" ? "timeout" : "error";
}
