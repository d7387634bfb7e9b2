/**
 * Faults on purpose, so that a proxy in a test environment can be made as bad as the network.
 *
 * @module
 */
import type { Clock, Random } from "../base/mod.ts";
import type { ByteBudget } from "./pace.ts";
import { pause } from "./pause.ts";
import { type FaultMeans, faultyEngine, type FaultyRelayOptions, type Hit } from "./_fault_relay.ts";
import type { Pause } from "./_fault_time.ts";
import { mix, unit } from "./_noise.ts";
import type { FaultKind, FaultRule } from "./fault_rule.ts";
import type { RelayEngine } from "./flow.ts";

/** What a {@link FaultPlan} is given beside its rules. */
export interface FaultPlanOptions {
  /** The clock of every time here. */
  readonly clock: Clock;
  /** Gives the seeds of rules without one. Default `Math.random`. */
  readonly random?: Random;
  /** How to wait on that clock. Default the runtime's timers. */
  readonly pause?: Pause;
  /** Counts the sessions that a rule is for, where others count with it. Default each plan counts its own. */
  readonly counter?: DrawCounter | undefined;
  /** Makes what bounds one direction of one session. */
  budget(bytesPerSecond: number, nowMs: number): ByteBudget;
}

/** Numbers the sessions that a rule is for, from 0. */
export interface DrawCounter {
  /** The number of the next one. @param rule its place among the rules, from 0. */
  next(rule: number): number;
}

/** The faults of one app: made once, asked once a session. */
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
   * Draws the faults of the next session; `undefined` when there are none, so that it can be relayed plainly.
   *
   * A rule counts the sessions that it is for (client and expiry), and whether it hits the n-th of them, and how, depends
   * on its seed and on n alone: not on other rules, other sessions, or how the bytes come.
   */
  draw(clientHost: string, nowMs: number): SessionFaults | undefined {
    const hits: Hit[] = [];
    for (const [index, { rule, seed }] of this.#rules.entries()) {
      if (nowMs >= rule.expiresAtMs || !rule.appliesTo(clientHost)) continue;
      const noise = mix(seed, this.#counter.next(index));
      if (unit(mix(noise, 0)) < rule.probability) hits.push({ rule, noise });
    }
    return hits.length === 0 ? undefined : new SessionFaults(hits, this.#means);
  }
}

/** Counts for one plan alone. */
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
  /** Their kinds, in the order of the rules. */
  readonly kinds: readonly FaultKind[];
  readonly #hits: readonly Hit[];
  readonly #means: FaultMeans;

  constructor(hits: readonly Hit[], means: FaultMeans) {
    this.kinds = hits.map(({ rule }) => rule.kind);
    this.#hits = hits;
    this.#means = means;
  }

  /** Whether the client is to be closed at once, before any target is dialed. */
  get refuse(): boolean {
    return this.kinds.includes("refuse");
  }

  /**
   * The engine that relays with these faults: the stream engine, with the filters given on the client's side of theirs.
   * Faults of a direction stand in the order of the rules. It returns only when none of its timers is left.
   */
  engine(options: FaultyRelayOptions): RelayEngine {
    return faultyEngine({ hits: this.#hits, means: this.#means }, options);
  }
}
