import type { DiscoveredTarget } from "./discovery_change.ts";

/** The result of one look: targets where there is an answer, a problem where anything failed. */
export interface LookupAnswer {
  readonly targets?: readonly DiscoveredTarget[];
  readonly problem?: string | undefined;
}

/** One source of targets. */
export interface Lookup {
  /** What it does, for messages: `resolve "db.internal"`. */
  readonly what: string;
  /** Looks once. Rejects where there is no answer, and with the signal's reason once it is aborted. */
  ask(signal: AbortSignal): Promise<LookupAnswer>;
  /** Calls `changed` when another answer may be there, where the source can tell; until the result is disposed of. */
  watch?(changed: () => void): Disposable;
}
