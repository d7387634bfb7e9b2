import { type Clock, formatDuration, monotonicClock } from "../base/mod.ts";
import type { PickContext } from "../balancing/mod.ts";
import type { WaitOptions } from "../limits/mod.ts";
import { type PlaceOutcome, PlaceQueue } from "./_place_queue.ts";
import { Candidates, type TargetSlots } from "./candidates.ts";
import { retarget } from "./_retarget.ts";
import { PassiveHealth } from "./passive.ts";
import {
  CONFIGURED,
  DISCOVERED,
  isSamePolicy,
  type PoolOptions,
  type TargetChange,
  type UpdateReason,
} from "./pool_options.ts";
import { Alarm } from "./alarm.ts";
import { slowStartStepMs, slowStartWeight } from "./slow_start.ts";
import { haveMoved, type TargetState } from "./target_state.ts";
import { type Candidate, Target, type TargetSpec } from "./target.ts";
import { type Tier, type TierRules, tiersOf } from "./tier.ts";

/**
 * The targets of one app or route: which of them may be used, and in which order a connection tries them.
 *
 * When none is usable, all are tried: a wrong check must not turn a bad hour into an outage, and a dial to a target
 * that is really down costs little.
 */
export class Pool implements TargetSlots {
  #targets: readonly Target[] = [];
  #tiers: readonly Tier[] = [];
  #passive: PassiveHealth | undefined;
  #anyUsable = true;
  #limited = false;
  /** For the next event: the end of an ejection, or a step of a slow start. */
  readonly #timer = new Alarm(() => this.tick());
  #options: PoolOptions;
  #rules: TierRules;
  readonly #clock: Clock;
  #slowStartMs: number;
  readonly #queue = new PlaceQueue({
    freePlaces: () => this.#freePlaces(),
    take: (candidates) => this.#takeFor(candidates),
    isShared: () => this.#targets.some(({ places }) => places !== undefined),
  });

  constructor(specs: readonly TargetSpec[], options: PoolOptions) {
    this.#options = options;
    this.#clock = options.clock ?? monotonicClock;
    this.#slowStartMs = options.slowStartMs ?? 0;
    this.#rules = this.#rulesOf(options);
    const targets = specs.map((spec) => new Target(spec));
    this.#passive = this.#passiveOf(options, targets.length);
    this.#rebuild(targets);
  }

  get targets(): readonly Target[] {
    return this.#targets;
  }

  /** Whether no target is usable, so that all are tried. */
  get desperate(): boolean {
    return !this.#anyUsable;
  }

  /** Returns a target's effective weight: less than its own during a slow start. */
  weightOf(target: Target): number {
    if (this.#slowStartMs === 0) return target.weight;
    return slowStartWeight(target.weight, this.#clock.nowMs() - target.usableSinceMs, this.#slowStartMs);
  }

  /** Whether any target has a limit, so that a connection may have to wait. */
  get limited(): boolean {
    return this.#limited;
  }

  /** Returns the candidates of one connection that arrived at `port`. */
  begin(port: number, context: PickContext): Candidates {
    return new Candidates(this, this.#tiers, { port, context });
  }

  /** Whether a new connection must wait: every usable target is full, or earlier connections wait for it. */
  get crowded(): boolean {
    let full = false;
    for (const target of this.#targets) {
      if (!this.#mayBeUsed(target)) continue;
      if (!target.full && !this.#queue.isWanted(target)) return false;
      full = true;
    }
    return full;
  }

  /** Whether any usable target remains that the connection has not tried, full or not. */
  hasLeft(candidates: Candidates): boolean {
    return this.#targets.some((target) => this.#mayBeUsed(target) && !candidates.hasTried(target));
  }

  /**
   * Waits, in order of arrival, for a place at a target that the connection has not tried, and takes it; `candidates`
   * then holds it.
   *
   * @throws the signal's reason.
   */
  waitForPlace(candidates: Candidates, options: WaitOptions): Promise<PlaceOutcome> {
    return this.#queue.wait(candidates, options);
  }

  /** Counts a connection to the target, from its dial on; false where another thread has taken the last place. */
  acquire(target: Target): boolean {
    if (target.places?.tryTake() === false) return false;
    target.active++;
    this.#changed(target);
    return true;
  }

  /** Reverses {@link Pool.acquire}. */
  release(target: Target): void {
    target.active--;
    target.places?.giveBack();
    this.#changed(target);
    this.#queue.offer();
  }

  /** Records the outcome of a connection to the target: of its dial, or a reset before the first byte. */
  report(target: Target, outcome: "succeeded" | "failed"): void {
    const { onReport, passive } = this.#options;
    if (this.#passive === undefined && onReport === undefined) return;
    const index = this.#targets.indexOf(target);
    if (index < 0) return;
    onReport?.({ index, label: target.label }, outcome);
    if (this.#passive === undefined) return;
    if (outcome === "succeeded") return this.#passive.succeeded(index);
    const nowMs = this.#clock.nowMs();
    if (!this.#passive.failed(index, nowMs)) return;
    const forMs = Math.round((this.#passive.returnMs(index) ?? nowMs) - nowMs);
    const failed = passive?.failures === 1 ? "a connection" : `${passive?.failures} connections in a row`;
    const detail = `for ${formatDuration(forMs)}, after ${failed} failed`;
    this.#change(target, "ejected", detail, () => target.ejected = true);
    this.#arm();
  }

  /** Sets the result of active checks. */
  setUp(target: Target, up: boolean, detail: string): void {
    if (target.up !== up) this.#change(target, up ? "up" : "down", detail, () => target.up = up);
  }

  /**
   * Replaces the targets. Those with the same address, limit and PROXY header keep their state, whatever their name,
   * tier or weight; new ones, and those that become usable by it, get a slow start, except for the pool's very first.
   */
  update(specs: readonly TargetSpec[], why: UpdateReason = DISCOVERED): void {
    const hadTargets = this.#targets.length > 0;
    const unusable = this.#targets.filter(({ usable }) => !usable);
    const { targets, from, added, removed } = retarget(this.#targets, specs);
    const returning = unusable.filter(({ usable }) => usable);
    if (hadTargets) {
      for (const target of [...added, ...returning]) target.usableSinceMs = this.#clock.nowMs();
    }
    this.#passive = this.#passive?.moved(from);
    this.#rebuild(targets);
    this.#arm();
    this.#queue.review();
    const { observer } = this.#options;
    for (const target of added) observer?.targetChanged(target, "added", why.added);
    for (const target of removed) observer?.targetChanged(target, "removed", why.removed);
    this.#options.onChange?.();
  }

  /**
   * Changes the options, then the targets as {@link Pool.update} does. Ejections last only while the policy that
   * caused them is unchanged.
   */
  reconfigure(specs: readonly TargetSpec[], options: PoolOptions): void {
    const { passive } = this.#options;
    this.#options = options;
    this.#slowStartMs = options.slowStartMs ?? 0;
    this.#rules = this.#rulesOf(options);
    if (!isSamePolicy(passive, options.passive)) {
      this.#passive = this.#passiveOf(options, this.#targets.length);
      for (const target of this.#targets) {
        if (target.ejected) {
          this.#change(target, "returned", "passive_health changed", () => target.ejected = false);
        }
      }
    }
    this.update(specs, CONFIGURED);
  }

  /** Applies the target states of another thread's pool. */
  follow(states: readonly TargetState[]): void {
    if (haveMoved(this.#targets, states)) this.update(states.map(({ spec }) => spec));
    for (const [index, { up, ejected }] of states.entries()) {
      const target = this.#targets[index];
      if (target === undefined) continue;
      this.setUp(target, up, "by the checks");
      if (target.ejected === ejected) continue;
      this.#change(target, ejected ? "ejected" : "returned", "by all connections", () => {
        target.ejected = ejected;
      });
    }
  }

  /** Stops the pool's timers. Connections under way keep their targets. */
  stop(): void {
    this.#queue.stop();
    this.#timer.clear();
  }

  #rulesOf({ balance, random = Math.random }: PoolOptions): TierRules {
    return {
      balance,
      random,
      weight: (target) => this.weightOf(target),
      // Other threads free places without notice, so whether there is one shows only on taking it.
      available: (target) => (target.places !== undefined || !target.full) && this.#mayBeUsed(target),
    };
  }

  #passiveOf({ passive }: PoolOptions, size: number): PassiveHealth | undefined {
    if (passive === undefined) return undefined;
    return new PassiveHealth(size, {
      ...passive,
      isAvailable: (index) => this.#targets[index]?.usable ?? false,
    });
  }

  #rebuild(targets: readonly Target[]): void {
    this.#targets = targets;
    this.#limited = targets.some((target) => target.maxConnections !== Infinity);
    this.#anyUsable = targets.some((target) => target.usable);
    this.#tiers = tiersOf(targets, this.#rules);
  }

  #change(target: Target, change: TargetChange, detail: string, apply: () => void): void {
    const { usable: wasUsable, health } = target;
    apply();
    if (change === "down") target.downDetail = detail;
    if (change === "ejected") target.ejectedDetail = detail;
    if (target.health !== health) target.changedAtMs = this.#options.wallClockMs?.() ?? Date.now();
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
    this.#queue.review();
    this.#options.observer?.targetChanged(target, change, detail);
    this.#options.onChange?.();
  }

  /** Whether a target may be used, regardless of places. */
  #mayBeUsed(target: Target): boolean {
    return target.usable || (!this.#anyUsable && target.allowed);
  }

  #takeFor(candidates: Candidates): Candidate | "none" | undefined {
    if (!this.hasLeft(candidates)) return "none";
    candidates.again(this.#tiers);
    return candidates.next();
  }

  #freePlaces(): number {
    let free = 0;
    for (const target of this.#targets) if (this.#mayBeUsed(target)) free += Math.max(0, target.free);
    return free;
  }

  #changed(target: Target): void {
    for (const tier of this.#tiers) tier.changed(target);
  }

  #arm(): void {
    const nowMs = this.#clock.nowMs();
    const ramping = this.#targets.some((target) => nowMs - target.usableSinceMs <= this.#slowStartMs);
    const stepMs = ramping && this.#slowStartMs > 0 ? slowStartStepMs(this.#slowStartMs) : Infinity;
    this.#timer.set(Math.min(stepMs, (this.#passive?.nextReturnMs ?? Infinity) - nowMs));
  }

  /** Returns ejected targets whose time is over, and advances slow starts. */
  tick(): void {
    const nowMs = this.#clock.nowMs();
    for (const index of this.#passive?.release(nowMs) ?? []) {
      const target = this.#targets[index];
      if (target === undefined) continue;
      this.#change(target, "returned", "ejection ended", () => target.ejected = false);
    }
    for (const target of this.#targets) {
      if (nowMs - target.usableSinceMs <= 2 * this.#slowStartMs) this.#changed(target);
    }
    this.#arm();
  }
}
