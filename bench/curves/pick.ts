import { STRATEGY_NAMES } from "../../lib/balancing/mod.ts";
import type { Curve } from "../curve.ts";
import type { Peer } from "../peer.ts";
import { nanosecondsPerPick } from "../pick.ts";
import type { CurveLine, CurveResult } from "../report/results.ts";
import type { Progress } from "../rounds.ts";
import type { Surroundings } from "../subject.ts";

const SIZES = [1, 10, 100, 250, 500, 1000];

/** Unlike weights, so that no strategy gets away with its short cut for like ones. */
const WEIGHTS = [1, 2, 3, 5, 8];

/** How the time to pick a target grows with the targets, for each strategy of this proxy. */
export const pickCurve: Curve = {
  id: "pick_curve",
  needs: [],
  run: (_surroundings: Surroundings, _peers: readonly Peer[], progress: Progress) =>
    Promise.resolve([run(progress)]),
};

function run(progress: Progress): CurveResult {
  const lines = STRATEGY_NAMES.map((strategy): CurveLine => ({
    name: strategy,
    points: SIZES.map((size) => {
      const weights = Array.from({ length: size }, (_, index) => WEIGHTS[index % WEIGHTS.length] ?? 1);
      const ns = nanosecondsPerPick(strategy, weights);
      progress(`pick_curve, ${strategy}, ${size}: ${ns.toFixed(0)} ns`);
      return [size, ns];
    }),
  }));
  return {
    id: "pick_curve",
    title: "Time to pick a target",
    date: new Date().toISOString(),
    xTitle: "targets",
    yTitle: "one pick, ns",
    digits: 0,
    lines,
  };
}
