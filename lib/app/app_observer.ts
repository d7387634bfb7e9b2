import type { ListenerObserver } from "../listen/mod.ts";
import type { Target, TargetChange } from "../pool/mod.ts";
import type { MonitorObserver } from "./target_monitor.ts";

export type { TargetChange } from "../pool/mod.ts";

/** The events of one app. */
export interface AppObserver extends ListenerObserver, MonitorObserver {
  /** A target of the app went out of use or came back; once a change. */
  targetChanged(app: string, target: Target, what: { change: TargetChange; detail: string }): void;

  /** A target of the app leads back to this proxy: the way round, the same text for a circle wherever it is entered. */
  targetLeadsBack(app: string, target: { readonly label: string }, way: string): void;

  /** This process has no file descriptor left for dials of the app; they wait and are tried again. */
  dialStarved(app: string, error: unknown): void;
}
