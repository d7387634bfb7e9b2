import type { ListenerObserver } from "../listen/mod.ts";
import type { Target, TargetChange } from "../pool/mod.ts";
import type { MonitorObserver } from "./targets/target_monitor.ts";

export type { TargetChange } from "../pool/mod.ts";

/** The events of one app. */
export interface AppObserver extends ListenerObserver, MonitorObserver {
  /** A target of the app went out of use or came back; called once per change. */
  targetChanged(app: string, target: Target, what: { change: TargetChange; detail: string }): void;

  /** A target of the app leads back to this proxy. `way` is the loop, the same text wherever it is entered. */
  targetLeadsBack(app: string, target: { readonly label: string }, way: string): void;

  /** No file descriptor is left for the app's dials; they wait and are retried. */
  dialStarved(app: string, error: unknown): void;
}
