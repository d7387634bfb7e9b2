import { type Clock, monotonicClock, type Random } from "../base/mod.ts";
import type { PickContext, StrategyName } from "../balancing/mod.ts";
import { type WaitOptions, type WaitOutcome, WaitQueue } from "../limits/mod.ts";
import { Candidates } from "./candidates.ts";
import { PassiveHealth } from "./passive.ts";
import { slowStartStepMs, slowStartWeight } from "./slow_start.ts";
import { Target, type TargetSpec } from "./target.ts";
import { type Tier, type TierRules, tiersOf } from "./tier.ts";

/** When real connections take a target out of use; the fields of {@link PassiveHealth}. */
export interface PassivePolicy {
  readonly failures: number;
  readonly windowMs: number;
  readonly ejectForMs: number;
  /** 0 to 1. */
  readonly maxEjected: number;
}

/** Why a target went out of use or came back. */
export type TargetChange = "up" | "down" | "ejected" | "returned" | "added" | "removed";

/** What a pool tells whoever looks on. */
export interface PoolObserver {
  /** Said once a change, with what it was about. */
  targetChanged(target: Target, change: TargetChange, detail: string): void;
}

export interface PoolOptions {
  readonly balance: StrategyName;
  /** Default `Math.random`. */
  readonly random?: Random;
  /** Default the runtime's. */
  readonly clock?: Clock;
  /** How long a target that comes (back) into use takes to reach its weight; default 0, at once. */
  readonly slowStartMs?: number;
  /** Default none. */
  readonly passive?: PassivePolicy;
  readonly observer?: PoolObserver;
}

/** How many may wait for a place at once when every target is full; beyond that, waiting is hopeless. */
const MAX_WAITING = 1024;

/**
 * The targets of one app, or of one of its routes: which of them may be used, and in which order a connection tries them.
 *
 * When none is usable, all are tried: a check that is wrong must not turn a bad hour into an outage, and a dial to a
 * target that is really down costs little.
 */
export class Pool {
  #targets: readonly Target[] = [];
  #tiers: readonly Tier[] = [];
  #passive: PassiveHealth | undefined;
  #anyUsable = true;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #options: PoolOptions;
  readonly #rules: TierRules;
  readonly #clock: Clock;
  readonly #slowStartMs: number;
  readonly #waiting = new WaitQueue(MAX_WAITING);

  constructor(specs: readonly TargetSpec[], options: PoolOptions) {
    this.#options = options;
    this.#clock = options.clock ?? monotonicClock;
    this.#slowStartMs = options.slowStartMs ?? 0;
    this.#rules = {
      balance: options.balance,
      random: options.random ?? Math.random,
      weight: (target) => this.#weight(target),
      available: (target) => !target.full && (target.usable || (!this.#anyUsable && target.weight > 0)),
    };
    this.#rebuild(specs.map((spec) => new Target(spec)));
  }

  get targets(): readonly Target[] {
    return this.#targets;
  }

  /** Whether no target is usable, so that all are tried. */
  get desperate(): boolean {
    return !this.#anyUsable;
  }

  /** Whether any target has a limit, so that a connection may have to wait. */
  get limited(): boolean {
    return this.#targets.some((target) => target.maxConnections !== Infinity);
  }

  /** Begins the order of one connection that came to `port`. */
  begin(port: number, context: PickContext): Candidates {
    return new Candidates(this, this.#tiers, { port, context });
  }

  /** Whether a connection must wait: others do, or each target that it could use is at its limit. */
  get crowded(): boolean {
    if (this.#waiting.size > 0) return true;
    let full = false;
    for (const target of this.#targets) {
      if (target.weight === 0 || (this.#anyUsable && !target.usable)) continue;
      if (!target.full) return false;
      full = true;
    }
    return full;
  }

  /**
   * Waits, in order of arrival, until a target that was full has a place.
   *
   * @throws the signal's reason.
   */
  waitForPlace(options: WaitOptions): Promise<WaitOutcome> {
    return this.#waiting.wait(options);
  }

  /** Counts a connection on the target, from its dial on. */
  acquire(target: Target): void {
    target.active++;
    this.#changed(target);
  }

  /** Ends what {@link Pool.acquire} began. */
  release(target: Target): void {
    target.active--;
    this.#changed(target);
    // Each place that is given back wakes one, whether or not the target was full: whoever was woken before may not
    // have taken its place yet.
    if (target.maxConnections !== Infinity) this.#waiting.wakeNext();
  }

  /** Notes that a connection to the target went well, or failed: its dial, or a reset before the first byte. */
  report(target: Target, outcome: "succeeded" | "failed"): void {
    const index = this.#passive === undefined ? -1 : this.#targets.indexOf(target);
    if (this.#passive === undefined || index < 0) return;
    if (outcome === "succeeded") return this.#passive.succeeded(index);
    if (!this.#passive.failed(index, this.#clock.nowMs())) return;
    this.#change(target, "ejected", "its connections failed", () => target.ejected = true);
    this.#arm();
  }

  /** Sets what active checks say of the target. */
  setUp(target: Target, up: boolean, detail: string): void {
    if (target.up !== up) this.#change(target, up ? "up" : "down", detail, () => target.up = up);
  }

  /** Replaces the targets by those of `specs`; those that stay the same keep their state. */
  update(specs: readonly TargetSpec[]): void {
    const known = new Map(this.#targets.map((target) => [keyOf(target), target]));
    const next = specs.map((spec) => {
      const fresh = new Target(spec);
      const kept = known.get(keyOf(fresh));
      known.delete(keyOf(fresh));
      if (kept !== undefined) kept.weight = fresh.weight;
      return kept ?? fresh;
    });
    const before = new Set(this.#targets);
    this.#rebuild(next);
    for (const target of next) {
      if (!before.has(target)) this.#options.observer?.targetChanged(target, "added", "discovered");
    }
    for (const target of known.values()) {
      this.#options.observer?.targetChanged(target, "removed", "no longer discovered");
    }
  }

  /** Ends the pool's timer. Connections under way keep their targets. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #rebuild(targets: readonly Target[]): void {
    this.#targets = targets;
    const { passive } = this.#options;
    if (passive !== undefined) {
      for (const target of targets) target.ejected = false;
      this.#passive = new PassiveHealth(targets.length, {
        ...passive,
        isAvailable: (index) => targets[index]?.usable ?? false,
      });
    }
    this.#anyUsable = targets.some((target) => target.usable);
    this.#tiers = tiersOf(targets, this.#rules);
  }

  #change(target: Target, change: TargetChange, detail: string, apply: () => void): void {
    const wasUsable = target.usable;
    apply();
    if (!wasUsable && target.usable && this.#slowStartMs > 0) {
      target.usableSinceMs = this.#clock.nowMs();
      this.#arm();
    }
    const anyUsable = this.#targets.some((each) => each.usable);
    if (anyUsable === this.#anyUsable) {
      this.#changed(target);
    } else {
      this.#anyUsable = anyUsable;
      for (const each of this.#targets) this.#changed(each);
    }
    if (!wasUsable && target.usable) {
      for (let count = this.#waiting.size; count > 0; count--) this.#waiting.wakeNext();
    }
    this.#options.observer?.targetChanged(target, change, detail);
  }

  #changed(target: Target): void {
    for (const tier of this.#tiers) tier.changed(target);
  }

  #weight(target: Target): number {
    if (this.#slowStartMs === 0) return target.weight;
    return slowStartWeight(target.weight, this.#clock.nowMs() - target.usableSinceMs, this.#slowStartMs);
  }

  /** Sets the timer for whatever comes next: an ejection that ends, a step of a slow start. */
  #arm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const nowMs = this.#clock.nowMs();
    const ramping = this.#targets.some((target) => nowMs - target.usableSinceMs <= this.#slowStartMs);
    const stepMs = ramping && this.#slowStartMs > 0 ? slowStartStepMs(this.#slowStartMs) : Infinity;
    const dueMs = Math.min(stepMs, (this.#passive?.nextReturnMs ?? Infinity) - nowMs);
    if (dueMs === Infinity) return;
    this.#timer = setTimeout(() => this.tick(), Math.max(1, dueMs));
  }

  /** Lets ejected targets return whose time is over, and takes the next step of slow starts. */
  tick(): void {
    const nowMs = this.#clock.nowMs();
    for (const index of this.#passive?.release(nowMs) ?? []) {
      const target = this.#targets[index];
      if (target === undefined) continue;
      this.#change(target, "returned", "its time out of use is over", () => target.ejected = false);
    }
    for (const target of this.#targets) {
      if (nowMs - target.usableSinceMs <= 2 * this.#slowStartMs) this.#changed(target);
    }
    this.#arm();
  }
}

function keyOf(target: Target): string {
  return `${target.tier} ${target.label} ${target.maxConnections}`;
}
