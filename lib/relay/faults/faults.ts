/**
 * Deliberate faults, which make a proxy in a test environment behave like a bad network.
 *
 * @module
 */
import type { Clock, Random } from "../../base/mod.ts";
import type { ByteBudget } from "../pace.ts";
import { pause } from "../pause.ts";
import { type FaultMeans, faultyEngine, type FaultyRelayOptions, type Hit } from "./fault_relay.ts";
import type { Pause } from "./fault_time.ts";
import { mix, unit } from "./_noise.ts";
import { endOf, type FaultKind, type FaultRule } from "./fault_rule.ts";
import type { RelayEngine } from "../flow.ts";

/** Options of a {@link FaultPlan}. */
export interface FaultPlanOptions {
  /** The clock of all times here. */
  readonly clock: Clock;
  /** Supplies seeds for rules without one. Default: `Math.random`. */
  readonly random?: Random;
  /** How to wait on that clock. Default: the runtime's timers. */
  readonly pause?: Pause;
  /** Counts the sessions of each rule, where plans share the count. Default: a counter of its own. */
  readonly counter?: DrawCounter | undefined;
  /** Returns a budget for one direction of one session. */
  budget(bytesPerSecond: number, nowMs: number): ByteBudget;
}

/** Numbers the sessions of each rule, from 0. */
export interface DrawCounter {
  /**
   * Returns the number of the next session.
   * @param rule index of the rule, from 0.
   */
  next(rule: number): number;
}

/** The faults of one app, drawn once per session. */
export class FaultPlan {
  readonly #rules: readonly { readonly rule: FaultRule; readonly seed: number }[];
  readonly #counter: DrawCounter;
  readonly #means: FaultMeans;

  constructor(rules: readonly FaultRule[], options: FaultPlanOptions) {
    const { random = Math.random, clock } = options;
    this.#means = {
      time: { clock, pause: options.pause ?? pause },
      budget: (bytesPerSecond, nowMs) => options.budget(bytesPerSecond, nowMs),
    };
    this.#rules = rules.map((rule) => ({
      rule,
      seed: mix(0, rule.seed ?? Math.floor(random() * 2 ** 32)),
    }));
    this.#counter = options.counter ?? new OwnCounter(rules.length);
  }

  /**
   * Draws the faults of the next session; `undefined` for none, so that the session can be relayed plainly.
   *
   * A rule counts the sessions it applies to (by client and expiry). Whether and how it hits the n-th of them depends
   * only on its seed and on n: not on other rules, other sessions, or how the bytes arrive.
   */
  draw(clientHost: string, nowMs: number): SessionFaults | undefined {
    const hits: Hit[] = [];
    for (const [index, { rule, seed }] of this.#rules.entries()) {
      if (nowMs >= endOf(rule) || !rule.appliesTo(clientHost)) continue;
      const noise = mix(seed, this.#counter.next(index));
      if (unit(mix(noise, 0)) < rule.probability) hits.push({ rule, noise });
    }
    return hits.length === 0 ? undefined : new SessionFaults(hits, this.#means);
  }
}

/** Counts for a single plan. */
class OwnCounter implements DrawCounter {
  readonly #drawn: number[];

  constructor(rules: number) {
    this.#drawn = Array<number>(rules).fill(0);
  }

  next(rule: number): number {
    const number = this.#drawn[rule] ?? 0;
    this.#drawn[rule] = number + 1;
    return number;
  }
}

/** The faults of one session. */
export class SessionFaults {
  /** Their kinds, in rule order. */
  readonly kinds: readonly FaultKind[];
  readonly #hits: readonly Hit[];
  readonly #means: FaultMeans;

  constructor(hits: readonly Hit[], means: FaultMeans) {
    this.kinds = hits.map(({ rule }) => rule.kind);
    this.#hits = hits;
    this.#means = means;
  }

  /** Returns these faults, followed by others of the same session. */
  with(other: SessionFaults): SessionFaults {
    return new SessionFaults([...this.#hits, ...other.#hits], this.#means);
  }

  /** Whether to close the client at once, before any target is dialed. */
  get refuse(): boolean {
    return this.kinds.includes("refuse");
  }

  /**
   * Returns the engine that relays with these faults: the stream engine, with the given filters on the client's side
   * of the faults. Faults of a direction act in rule order. The engine returns only when none of its timers is left.
   */
  engine(options: FaultyRelayOptions): RelayEngine {
    return faultyEngine({ hits: this.#hits, means: this.#means }, options);
  }
}
