import type { Carried, DiscoveryAnswer, SessionsEnded } from "../../proxy/mod.ts";
import type { AppCount, TargetCount } from "../../metrics/mod.ts";
import type { TargetSnapshot } from "../../app/mod.ts";
import type { AppStatus } from "../../proxy/mod.ts";
import type { IncompleteJson } from "./sessions.ts";
import { type AppJson, appJson, type FaultJson, faultJson, type TargetJson, targetJson } from "./status.ts";

/** The body that answers a change of a target. */
export interface TargetSetJson extends TargetJson, IncompleteJson {
  /** How many sessions were ended. */
  readonly ended: number;
}

/** @param count the counters of the target. */
export function targetSetJson(
  target: TargetSnapshot,
  count: TargetCount | undefined,
  { ended, incomplete }: SessionsEnded,
): TargetSetJson {
  return { ...targetJson(target, count), ended, incomplete };
}

/** The body that answers a change of an app. */
export interface AppSetJson extends AppJson, IncompleteJson {}

/** @param count the counters of the app. */
export function appSetJson(
  app: AppStatus,
  count: AppCount | undefined,
  { incomplete }: Carried,
): AppSetJson {
  return { ...appJson(app, count), incomplete };
}

/** The faults in effect in an app. */
export interface FaultsJson extends IncompleteJson {
  readonly faults: readonly FaultJson[];
}

export function faultsJson({ faults }: AppStatus, { incomplete }: Carried): FaultsJson {
  return { faults: faults.map(faultJson), incomplete };
}

/** The state of the process, and of its drain. */
export interface DrainJson {
  readonly state: "serving" | "draining";
  /** Open sessions. */
  readonly sessions: number;
  /** When the last session is ended at the latest; `null` for never, or while it is serving. */
  readonly deadline: string | null;
}

/** The process that has taken over. */
export interface UpgradeJson {
  readonly pid: number;
  /** The version of its program. */
  readonly version: string;
}

/** The state of discovery. */
export interface DiscoveriesJson {
  readonly discoveries: readonly {
    readonly app: string;
    readonly name: string;
    readonly kind: string;
    readonly targets: readonly string[];
    readonly ["answered_at"]: string | null;
    readonly error: string | null;
  }[];
}

export function discoveriesJson(discoveries: readonly DiscoveryAnswer[]): DiscoveriesJson {
  return {
    discoveries: discoveries.map(({ app, name, kind, targets, answeredAtMs, error }) => ({
      app,
      name,
      kind,
      targets,
      answered_at: answeredAtMs === undefined ? null : new Date(answeredAtMs).toISOString(),
      error: error ?? null,
    })),
  };
}
