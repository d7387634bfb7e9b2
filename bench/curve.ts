import type { Peer } from "./peer.ts";
import type { CurveResult } from "./report/results.ts";
import type { Progress } from "./rounds.ts";
import type { Surroundings } from "./subject.ts";

/** Something whose cost is measured at several sizes. */
export interface Curve {
  readonly id: string;
  /** Programs (names in `programs.ts`) without which it cannot run. */
  readonly needs: readonly string[];
  /** Gives one result for each figure that is looked at. */
  run(surroundings: Surroundings, peers: readonly Peer[], progress: Progress): Promise<CurveResult[]>;
}
