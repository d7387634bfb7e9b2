import type { TargetSettingChange } from "../app/mod.ts";
import type { FaultConfig } from "../config/parsed.ts";
import type { EndingReason, SessionFilter, SessionPage, SessionQuery } from "../session/mod.ts";

/** What came of an operation that every thread takes part in. */
export interface Carried {
  /** The workers that did not take part, or not in time, and why: a line each. Empty where all did. */
  readonly incomplete: readonly string[];
}

/** Some of the live sessions; without those of the workers in `incomplete`. */
export interface SessionList extends SessionPage, Carried {}

/** How many sessions were ended. */
export interface SessionsEnded extends Carried {
  readonly ended: number;
}

/** Names the targets of an app with a label. */
export interface TargetName {
  readonly app: string;
  readonly label: string;
}

/** What discovery knows of one entry of an app's config. */
export interface DiscoveryAnswer {
  readonly app: string;
  /** The entry's name. */
  readonly name: string;
  readonly kind: string;
  /** The addresses that it has found. */
  readonly targets: readonly string[];
  /** When the last good answer came, in milliseconds since the Unix epoch; `undefined` before the first. */
  readonly answeredAtMs: number | undefined;
  /** Why lookups are failing; `undefined` while they succeed. */
  readonly error: string | undefined;
}

/** The reason of sessions that the admin API ends. */
export const KILLED: EndingReason = { reason: "killed", detail: "by an operator" };

/** The reason of sessions whose target an operator takes down. */
export const TARGET_DOWN: EndingReason = {
  reason: "target_down",
  detail: "an operator took the target down",
};

/** What an operator may do to a proxy that runs. What is set lasts until it is set again, through reloads too. */
export interface ProxyOperations {
  /** Lists live sessions, those too that a reload has left to an earlier config. Never rejects. */
  sessions(query: SessionQuery): Promise<SessionList>;

  /** Ends all live sessions that fit the filter, as `killed`. Never rejects. */
  endSessions(filter: SessionFilter): Promise<SessionsEnded>;

  /**
   * Sets what the targets of an app with this label may do. Checks and passive health go on beside it. `down` ends
   * their live sessions as `target_down`. `undefined` where there is no such target. Never rejects.
   */
  setTarget(
    target: TargetName,
    change: TargetSettingChange,
  ): Promise<SessionsEnded | undefined>;

  /**
   * Stops an app from accepting connections, or lets it go on; those that come wait in the kernel's backlog (and one
   * for each listener and thread at the proxy). `undefined` where there is no such app. Never rejects.
   */
  setPaused(app: string, isPaused: boolean): Promise<Carried | undefined>;

  /**
   * Replaces the faults that this has set in an app before. They act beside those of its config, on connections that
   * begin from now on. `undefined` where there is no such app. Never rejects.
   */
  setFaults(app: string, faults: readonly FaultConfig[]): Promise<Carried | undefined>;

  /** What discovery knows, in the order of the config. */
  discoveries(): readonly DiscoveryAnswer[];
}
