import type { ListenerInfo } from "./control.ts";
import type { PoolSnapshot } from "../app/mod.ts";

/** A look at a proxy that runs, whatever plane carries it. */
export interface RuntimeSnapshot {
  /** What is really bound. */
  readonly listeners: readonly ListenerInfo[];
  /** How many threads carry connections. */
  readonly workers: number;
  /** Sessions that have not ended. */
  readonly sessions: number;
  /** Whether nothing is accepted any more. */
  readonly isEnding: boolean;
  /** Those of an app, by its place in the config; `undefined` where nobody counts them. */
  sessionsOf(app: number): number | undefined;
  /** An app's pools, by the app's place in the config: that of its own targets first, where it has any, then each route's. */
  pools(app: number): readonly PoolSnapshot[];
}

/** How many of these sessions each app has. */
export function countByApp<App>(sessions: readonly { readonly app: App }[]): Map<App, number> {
  const counts = new Map<App, number>();
  for (const { app } of sessions) counts.set(app, (counts.get(app) ?? 0) + 1);
  return counts;
}
