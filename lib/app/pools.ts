import type { Clock, Random } from "../base/mod.ts";
import type { AppConfig, TargetConfig } from "../config/mod.ts";
import {
  Pool,
  type PoolObserver,
  type PoolOptions,
  type Target,
  type TargetChange,
  type TargetState,
} from "../pool/mod.ts";
import type { RouteTable } from "../routing/mod.ts";
import type { AppObserver } from "./observer.ts";
import { routeName, routesOf } from "./routes.ts";
import { targetSpec } from "./target_spec.ts";

/** What an app's pools are made with. */
export interface PoolsOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: Pick<AppObserver, "targetChanged">;
  /** Ends the sessions of a target that went down. */
  closeSessionsOf(target: Target): void;
  /** Who is told of what happens in the pool of this number; default nobody. */
  hooks?(pool: number): PoolHooks;
  /** What each pool begins with, where another thread knows its targets and judges them; default what the config says. */
  readonly known?: readonly (readonly TargetState[])[] | undefined;
}

type PoolHooks = Pick<PoolOptions, "onChange" | "onReport">;

/** An app's pools. */
export interface AppPools {
  /** All of them: that of the app's own targets first, where it has any, then each route's. */
  readonly all: readonly Pool[];
  /** Where each of {@link AppPools.all} has its targets from. */
  readonly sources: readonly (readonly TargetConfig[])[];
  /** The pool of the app's own targets; `undefined` where it has routes alone. */
  readonly own: Pool | undefined;
  readonly routes: RouteTable<Pool> | undefined;
}

/** Builds the pools of one app; what discovery finds is not in them yet. */
export function poolsOf(config: AppConfig, options: PoolsOptions): AppPools {
  const tell = tellerOf(config, options);
  const all: Pool[] = [];
  const sources: (readonly TargetConfig[])[] = [];
  const make = (targets: readonly TargetConfig[], where = ""): Pool => {
    const known = options.known?.[all.length];
    const hooks = options.hooks?.(all.length);
    const specs = known?.map(({ spec }) => spec) ??
      targets.filter(({ discover }) => discover === undefined).map((target) => targetSpec(target, config));
    const pool = new Pool(
      specs,
      optionsOf(config, options, {
        ...hooks,
        tell: (target, change, detail) => tell(target, change, isJudgement(change) ? where + detail : detail),
      }),
    );
    if (known !== undefined) pool.follow(known);
    all.push(pool);
    sources.push(targets);
    return pool;
  };
  const own = config.targets.length > 0 ? make(config.targets) : undefined;
  const routes = routesOf(
    config,
    (route) => make(route.targets, `${routeName(config.routes.indexOf(route), route)}: `),
  );
  return { all, sources, own, routes };
}

function optionsOf(config: AppConfig, options: PoolsOptions, hooks: PoolHooks & { tell: Tell }): PoolOptions {
  const { random, clock } = options;
  const { onChange, onReport, tell } = hooks;
  const judged = config.passiveHealth;
  return {
    balance: config.balance,
    random,
    clock,
    slowStartMs: config.slowStartMs,
    ...(judged === undefined || options.known !== undefined ? {} : { passive: judged }),
    ...(judged === undefined || onReport === undefined ? {} : { onReport }),
    ...(onChange === undefined ? {} : { onChange }),
    observer: {
      targetChanged: (target, change, detail) => {
        tell(target, change, detail);
        if (change === "down" && config.onTargetDown === "close") options.closeSessionsOf(target);
      },
    },
  };
}

type Tell = PoolObserver["targetChanged"];

/** Whether a change is what one pool holds of a target; whether it is up, or there, is so in all. */
function isJudgement(change: TargetChange): boolean {
  return change === "ejected" || change === "returned";
}

/** Tells of a change once where it befalls a target in several pools, or several times in one: it does so in one go. */
function tellerOf(config: AppConfig, { observer }: PoolsOptions): Tell {
  let last = "";
  return (target, change, detail) => {
    const what = `${target.label} ${change} ${detail}`;
    if (what === last) return;
    last = what;
    queueMicrotask(() => last = "");
    observer.targetChanged(config.name, target, { change, detail });
  };
}
