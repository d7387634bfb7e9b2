/**
 * How long one choice of a target takes, for each strategy and growing numbers of targets:
 *
 *     deno run bench/pick.ts
 *
 * Each choice is what a pool does for one connection: one candidate is taken, its connection counted
 * when it comes and again when it goes (64 later, so that there are loads to compare). The best of several rounds, as
 * whatever else the machine does can only add.
 *
 * @module
 */

import {
  type CandidateIdentity,
  type CandidateView,
  createChooser,
  STRATEGY_NAMES,
} from "../lib/balancing/mod.ts";

const SIZES = [1, 10, 100, 1000];
const ROUNDS = 7;
const PICKS = 20_000;
const OPEN_CONNECTIONS = 64;

/** The weights that the columns are measured with: all alike, and five different ones. */
const WEIGHTINGS = { equal: [1], mixed: [1, 2, 3, 5, 8] } as const;

/** Nanoseconds for one choice, with both of its notices of change. */
export function nanosecondsPerPick(
  strategy: typeof STRATEGY_NAMES[number],
  weights: readonly number[],
): number {
  const size = weights.length;
  const candidates: CandidateIdentity[] = weights.map((_, index) => ({
    key: `10.0.${index >> 8}.${index & 255}:5432`,
  }));
  const active = new Int32Array(size);
  const view: CandidateView = {
    active: (index) => active[index] ?? 0,
    weight: (index) => weights[index] ?? 0,
    available: () => true,
  };
  const chooser = createChooser(strategy, candidates, { view });
  const open = new Int32Array(OPEN_CONNECTIONS).fill(-1);
  let picks = 0;

  function connect(): void {
    const closing = open[picks % OPEN_CONNECTIONS] ?? -1;
    if (closing >= 0) {
      active[closing] = (active[closing] ?? 0) - 1;
      chooser.changed(closing);
    }
    const index = chooser.pick({ clientHash: Math.imul(picks, 0x9e3779b1) >>> 0 });
    active[index] = (active[index] ?? 0) + 1;
    chooser.changed(index);
    open[picks % OPEN_CONNECTIONS] = index;
    picks++;
  }

  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const begun = performance.now();
    for (let i = 0; i < PICKS; i++) connect();
    best = Math.min(best, (performance.now() - begun) * 1e6 / PICKS);
  }
  return best;
}

function printTable(): void {
  const lines = [`ns per pick at`.padEnd(28) + SIZES.map((size) => String(size).padStart(8)).join("")];
  for (const strategy of STRATEGY_NAMES) {
    for (const [name, weights] of Object.entries(WEIGHTINGS)) {
      const figures = SIZES.map((size) => {
        const each = Array.from({ length: size }, (_, index) => weights[index % weights.length] ?? 1);
        return nanosecondsPerPick(strategy, each).toFixed(0).padStart(8);
      });
      lines.push(`${strategy}, ${name}`.padEnd(28) + figures.join(""));
    }
  }
  Deno.stdout.writeSync(new TextEncoder().encode(`${lines.join("\n")}\n`));
}

if (import.meta.main) printTable();
