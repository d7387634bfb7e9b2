import { type Address, formatAddress, type Random, type TargetAddress } from "../../base/mod.ts";
import {
  checkOffsets,
  type HealthState,
  type HealthThresholds,
  INITIAL_HEALTH,
  nextCheckDelayMs,
  stepHealth,
} from "../health.ts";
import type { ProbeResult } from "./probe.ts";
import { type Cancel, runtimeScheduler, type Scheduler } from "../scheduler.ts";

/** One target to check. */
export interface CheckTarget {
  /** Identifies the check; targets with the same key share one. */
  readonly key: string;
  readonly address: TargetAddress;
}

/** Performs checks. Never rejects. */
export interface CheckProber {
  run(address: Address, signal: AbortSignal, key: string): Promise<ProbeResult>;
}

/** The transitions of targets, by key. Not called after `stop`, nor for removed targets. */
export interface CheckObserver {
  wentUp(target: string): void;
  /** A check has ended with a verdict. */
  checked?(target: string, isGood: boolean): void;
  /** @param why the failure of the last check. */
  wentDown(target: string, why: string): void;
}

/** The status of a target. Times are on the scheduler's clock. */
export interface CheckStatus {
  readonly status: "up" | "down";
  /** The last result; `undefined` before the first check with a verdict. */
  readonly last: Exclude<ProbeResult, { kind: "void" }> | undefined;
  readonly lastMs: number | undefined;
}

export interface CheckerOptions extends HealthThresholds {
  readonly prober: CheckProber;
  /** Between the starts of two checks of a target, give or take 5 %. */
  readonly intervalMs: number;
  /** Checks every target on this port, except unix sockets. Default: the target's own. */
  readonly port?: number;
  /** How many checks run at once; others wait in order. Default 64. */
  readonly maxAtOnce?: number;
  readonly observer?: CheckObserver;
  /** Default the runtime's timers. */
  readonly scheduler?: Scheduler;
  /** Default `Math.random`. */
  readonly random?: Random;
}

/** Enough to check 1,000 targets that all time out after 2 s twice a minute, with few file descriptors. */
const DEFAULT_MAX_AT_ONCE = 64;

/** The checker's state of one target. */
interface Checked {
  readonly key: string;
  readonly address: Address;
  readonly left: AbortController;
  health: HealthState;
  last: CheckStatus["last"];
  lastMs: number | undefined;
  /** When its next check is due. */
  dueMs: number;
  cancelTimer: Cancel;
}

/**
 * Runs the active health checks of one app's targets.
 *
 * A target begins up, and its first check starts at once. The second ones are spread over the interval, so that many
 * targets, and many proxies that check the same ones, are not checked all at once. A target never has two checks in
 * progress: one that outlasts the interval is followed by the next at once.
 */
export class Checker {
  readonly #options: CheckerOptions;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #maxAtOnce: number;
  #targets = new Map<string, Checked>();
  /** The targets due for a check. */
  readonly #due = new Set<Checked>();
  readonly #running = new Set<Promise<void>>();
  #isStopped = false;

  constructor(options: CheckerOptions) {
    this.#options = options;
    this.#scheduler = options.scheduler ?? runtimeScheduler;
    this.#random = options.random ?? Math.random;
    this.#maxAtOnce = options.maxAtOnce ?? DEFAULT_MAX_AT_ONCE;
  }

  /**
   * Replaces the targets. Duplicates are checked once. Known targets keep their state; checks of removed ones are
   * cancelled.
   *
   * @param isDown whether a new target begins down; default none does.
   * @throws {RangeError} when a target has no port of its own (`host:*`) and no check port is given.
   */
  setTargets(
    targets: readonly CheckTarget[],
    { isDown = () => false }: { isDown?: (target: string) => boolean } = {},
  ): void {
    if (this.#isStopped) return;
    const wanted = new Map(
      targets.map(({ key, address }) => [key, checkedAddress(address, this.#options.port)]),
    );
    const next = new Map<string, Checked>();
    const added: Checked[] = [];
    for (const [key, address] of wanted) {
      let target = this.#targets.get(key);
      if (target === undefined) added.push(target = newTarget(key, address, isDown(key)));
      next.set(key, target);
    }
    for (const target of this.#targets.values()) if (!wanted.has(target.key)) this.#drop(target);
    this.#targets = next;
    const nowMs = this.#scheduler.nowMs();
    const offsets = checkOffsets(added.length, this.#options.intervalMs, this.#random);
    for (const [index, target] of added.entries()) {
      target.dueMs = nowMs + (offsets[index] ?? 0);
      this.#due.add(target);
    }
    this.#runDue();
  }

  /** Returns the status of a target, by key; `undefined` when it is not checked. */
  status(target: string): CheckStatus | undefined {
    const checked = this.#targets.get(target);
    if (checked === undefined) return undefined;
    return { status: checked.health.status, last: checked.last, lastMs: checked.lastMs };
  }

  /** Cancels all checks. Resolves when none is left running. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const target of this.#targets.values()) this.#drop(target);
    await Promise.all(this.#running);
  }

  #drop(target: Checked): void {
    target.left.abort();
    target.cancelTimer();
    this.#due.delete(target);
  }

  #runDue(): void {
    for (const target of this.#due) {
      if (this.#running.size >= this.#maxAtOnce) return;
      this.#due.delete(target);
      const running = this.#check(target).finally(() => {
        this.#running.delete(running);
        this.#runDue();
      });
      this.#running.add(running);
    }
  }

  async #check(target: Checked): Promise<void> {
    const result = await this.#options.prober.run(target.address, target.left.signal, target.key);
    if (target.left.signal.aborted) return;
    if (result.kind !== "void") this.#note(target, result);
    // An observer may have changed the targets.
    if (target.left.signal.aborted) return;
    const nowMs = this.#scheduler.nowMs();
    const delayMs = Math.max(0, target.dueMs - nowMs);
    target.cancelTimer = this.#scheduler.after(delayMs, () => {
      target.dueMs = this.#scheduler.nowMs() + nextCheckDelayMs(this.#options.intervalMs, this.#random);
      this.#due.add(target);
      this.#runDue();
    });
  }

  #note(target: Checked, result: Exclude<ProbeResult, { kind: "void" }>): void {
    const step = stepHealth(target.health, result.kind, this.#options);
    target.health = step.state;
    target.last = result;
    target.lastMs = this.#scheduler.nowMs();
    const { observer } = this.#options;
    observer?.checked?.(target.key, result.kind === "success");
    if (step.transition === "went_up") observer?.wentUp(target.key);
    if (step.transition === "went_down" && result.kind === "failure") {
      observer?.wentDown(target.key, result.message);
    }
  }
}

/** Where a target is checked. The target's own address stays as it is: connections go there. */
function checkedAddress(address: TargetAddress, port: number | undefined): Address {
  if (address.kind === "unix") return address;
  if (port !== undefined) return { kind: "tcp", host: address.host, port };
  if (address.kind === "tcp") return address;
  throw new RangeError(
    `check "${formatAddress(address)}": the target has no port of its own; give the check a port`,
  );
}

function newTarget(key: string, address: Address, isDown: boolean): Checked {
  return {
    key,
    address,
    left: new AbortController(),
    health: isDown ? { status: "down", successes: 0 } : INITIAL_HEALTH,
    last: undefined,
    lastMs: undefined,
    dueMs: 0,
    cancelTimer: (): void => {},
  };
}
