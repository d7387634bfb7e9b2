import type { Clock, Random } from "../../base/mod.ts";
import type { AppConfig, RouteConfig, TargetConfig } from "../../config/parsed.ts";
import type { PoolOptions, Target, TargetChange } from "../../pool/mod.ts";
import type { AppObserver } from "../app_observer.ts";
import type { AppTally } from "../app_tally.ts";
import { routeName } from "../routes.ts";
import type { TargetRef } from "../worker_app_context.ts";

/** The parts that an app's pools are built from. */
export interface PoolsOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: Pick<AppObserver, "targetChanged">;
  readonly tally: AppTally;
  /** Ends the sessions of a target that went down. */
  closeSessionsOf(target: Target): void;
  /** Called with the pool's key after the state of its targets has changed. */
  onChange?(pool: string): void;
  /** Set in a worker, where the control plane judges targets: reports the outcome of a connection to one. */
  report?(target: Omit<TargetRef, "app">, outcome: "succeeded" | "failed"): void;
}

/** One pool of an app's config. */
export interface PoolConfig {
  /** The pool's name within its app, stable over reloads: a route keeps its pool as long as its rules stay the same. */
  readonly key: string;
  /** Its target entries; a discovered one stands for any number of targets. */
  readonly entries: readonly TargetConfig[];
  /** The route to this pool; `undefined` for the app's own targets. */
  readonly route: RouteConfig | undefined;
}

/** The key of the pool of an app's own targets. */
const OWN_KEY = "own";

/** Returns the pools of an app: its own targets first, if any, then each route's. */
export function poolConfigs(config: AppConfig): PoolConfig[] {
  const seen = new Map<string, number>();
  const own = config.targets.length > 0 ? [{ key: OWN_KEY, entries: config.targets, route: undefined }] : [];
  const routes = config.routes.map((route): PoolConfig => {
    const rules = JSON.stringify([route.sni, route.alpn]);
    const twin = seen.get(rules) ?? 0;
    seen.set(rules, twin + 1);
    return { key: `${rules} ${twin}`, entries: route.targets, route };
  });
  return [...own, ...routes];
}

/** Returns the options of one of an app's pools. */
export function poolOptions(
  config: AppConfig,
  { key, route }: PoolConfig,
  options: PoolsOptions,
): PoolOptions {
  const { random, clock, tally, closeSessionsOf, onChange, report } = options;
  const isJudgedElsewhere = report !== undefined;
  const judged = config.passiveHealth;
  const where = route === undefined ? "" : `${routeName(config.routes.indexOf(route), route)}: `;
  return {
    balance: config.balance,
    random,
    clock,
    slowStartMs: config.slowStartMs,
    ...(judged === undefined || isJudgedElsewhere ? {} : { passive: judged }),
    ...(judged === undefined || !isJudgedElsewhere
      ? {}
      : { onReport: (target, outcome) => report({ pool: key, ...target }, outcome) }),
    ...(onChange === undefined ? {} : { onChange: () => onChange(key) }),
    observer: {
      targetChanged: (target, change, detail) => {
        options.observer.targetChanged(config.name, target, {
          change,
          detail: isJudgement(change) ? where + detail : detail,
        });
        // Elsewhere it was counted already.
        if (change === "ejected" && !isJudgedElsewhere) tally.ejected(target.label);
        if (change === "down" && config.onTargetDown === "close") closeSessionsOf(target);
      },
    },
  };
}

/** Whether a change belongs to one pool; being up, or being there, is the same in all. */
function isJudgement(change: TargetChange): boolean {
  return change === "ejected" || change === "returned";
}

/** Reports a change once where it hits a target in several pools, or several times in one pool, in one go. */
export function onceEach(observer: Pick<AppObserver, "targetChanged">): Pick<AppObserver, "targetChanged"> {
  let last = "";
  return {
    targetChanged: (app, target, what) => {
      const event = `${target.label} ${what.change} ${what.detail}`;
      if (event === last) return;
      last = event;
      queueMicrotask(() => last = "");
      observer.targetChanged(app, target, what);
    },
  };
}
