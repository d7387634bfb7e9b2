import type { Address } from "../../base/mod.ts";
import type { FaultSnapshot, PoolSnapshot } from "../../app/mod.ts";

/** One bound listener. */
export interface ListenerInfo {
  readonly app: string;
  /** The bound address: for port 0, with the port that the system chose. */
  readonly address: Address;
}

/** A look at a proxy that runs, whatever plane carries it. */
export interface RuntimeSnapshot {
  /** The bound listeners. */
  readonly listeners: readonly ListenerInfo[];
  /** How many threads carry connections. */
  readonly workers: number;
  /** Sessions that have not ended. */
  readonly sessions: number;
  /** Whether nothing is accepted any more. */
  readonly isEnding: boolean;
  /** Those of the app of this name; `undefined` where nobody counts them. */
  sessionsOf(app: string): number | undefined;
  /** Whether the app of this name is paused: it accepts no connection. */
  isPaused(app: string): boolean;
  /** The faults in effect in the app of this name. */
  faults(app: string): readonly FaultSnapshot[];
  /** The pools of the app of this name: that of its own targets first, where it has any, then each route's. */
  pools(app: string): readonly PoolSnapshot[];
}

/** How many of these sessions each app has, by its name. */
export function countByApp(
  sessions: readonly { readonly app: { readonly name: string } }[],
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { app: { name } } of sessions) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
