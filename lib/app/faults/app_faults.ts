import type { BandwidthConfig, FaultConfig } from "../../config/parsed.ts";
import { ByteBucket, CidrSet } from "../../limits/mod.ts";
import { type DrawCounter, FaultPlan, type FaultRule, type SessionFaults } from "../../relay/mod.ts";
import type { SessionApp } from "../../session/mod.ts";
import type { RuntimeFaults } from "./runtime_faults.ts";
import { SharedDraws } from "./shared_draws.ts";
import { type EngineOptions, streamOptions } from "../select_engine.ts";

export interface AppFaultsOptions extends EngineOptions {
  /** Counts the sessions of each of the config's faults over all threads. Default: there is one thread. */
  readonly counter?: DrawCounter | undefined;
  /** Called when every fault that the admin API has set has expired. */
  onExpired(): void;
}

/** The faults of one app: those of its config, and those that the admin API has set. */
export class AppFaults {
  readonly #options: AppFaultsOptions;
  #configured: { readonly text: string; readonly plan: FaultPlan | undefined };
  #set: { readonly plan: FaultPlan; readonly untilMs: number; readonly end: AbortController } | undefined;

  /** @param sinceMs when the config's faults came into effect, on the clock; their `expires` counts from there. */
  constructor(faults: readonly FaultConfig[], sinceMs: number, options: AppFaultsOptions) {
    this.#options = options;
    this.#configured = this.#planned(faults, sinceMs);
  }

  /** Takes the faults of another config. An unchanged list keeps its draws and its time; returns whether it has changed. */
  configure(faults: readonly FaultConfig[], nowMs: number): boolean {
    const isSame = textOf(faults) === this.#configured.text;
    if (!isSame) this.#configured = this.#planned(faults, nowMs);
    return !isSame;
  }

  /** Replaces the faults that the admin API has set; those before stop acting on live sessions. */
  set(runtime: RuntimeFaults | undefined): void {
    this.#set?.end.abort();
    this.#set = undefined;
    if (runtime === undefined || runtime.faults.length === 0) return;
    const { faults, since: { clockMs }, draws } = runtime;
    const end = new AbortController();
    this.#set = {
      end,
      plan: this.#plan(faults, clockMs, { counter: draws && new SharedDraws(draws), withdrawn: end.signal }),
      untilMs: clockMs + Math.max(...faults.map(({ expiresMs }) => expiresMs)),
    };
  }

  /** Returns a function that draws the faults of each session; `undefined` while there are none. */
  drawFor(bandwidth: BandwidthConfig): SessionApp["faultsFor"] {
    const { plan } = this.#configured;
    const set = this.#set;
    if (plan === undefined && set === undefined) return undefined;
    return (client, nowMs) => {
      const host = client.kind === "tcp" ? client.host : "";
      const own = plan?.draw(host, nowMs);
      if (set !== undefined && nowMs >= set.untilMs && set === this.#set) this.#options.onExpired();
      const faults = both(own, set?.plan.draw(host, nowMs));
      if (faults === undefined) return undefined;
      return {
        refuse: faults.refuse,
        engine: (onCut) => faults.engine({ ...streamOptions(bandwidth, this.#options), onCut }),
      };
    };
  }

  #planned(faults: readonly FaultConfig[], sinceMs: number): { text: string; plan: FaultPlan | undefined } {
    const plan = faults.length === 0
      ? undefined
      : this.#plan(faults, sinceMs, { counter: this.#options.counter });
    return { text: textOf(faults), plan };
  }

  #plan(
    faults: readonly FaultConfig[],
    sinceMs: number,
    { counter, withdrawn }: { counter?: DrawCounter | undefined; withdrawn?: AbortSignal },
  ): FaultPlan {
    return new FaultPlan(faults.map((fault) => ({ ...ruleOf(fault, sinceMs), withdrawn })), {
      clock: this.#options.clock,
      counter,
      budget: (bytesPerSecond, nowMs) => new ByteBucket(bytesPerSecond, nowMs),
    });
  }
}

/** All that faults are made of, as text that is the same for equal ones. */
function textOf(faults: readonly FaultConfig[]): string {
  return JSON.stringify(faults);
}

function both(one: SessionFaults | undefined, other: SessionFaults | undefined): SessionFaults | undefined {
  return one === undefined || other === undefined ? one ?? other : one.with(other);
}

function ruleOf(fault: FaultConfig, startedMs: number): FaultRule {
  const { direction, probability, seed } = fault;
  const clients = new CidrSet(fault.clients);
  const scope = {
    direction,
    probability,
    seed,
    expiresAtMs: startedMs + fault.expiresMs,
    appliesTo: (host: string) => clients.size === 0 || clients.find(host) !== undefined,
  };
  switch (fault.kind) {
    case "latency":
      return { ...scope, kind: fault.kind, amountMs: fault.amountMs, jitterMs: fault.jitterMs };
    case "bandwidth":
      return { ...scope, kind: fault.kind, bytesPerSecond: fault.rate };
    case "slice":
      return { ...scope, kind: fault.kind, sizeBytes: fault.sizeBytes, delayMs: fault.delayMs };
    case "reset":
    case "close":
      return {
        ...scope,
        kind: fault.kind,
        ...(fault.afterMs === undefined ? {} : { afterMs: fault.afterMs }),
        ...(fault.afterBytes === undefined ? {} : { afterBytes: fault.afterBytes }),
      };
    case "black_hole":
    case "refuse":
      return { ...scope, kind: fault.kind };
  }
}
