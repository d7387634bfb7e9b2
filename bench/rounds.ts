import type { Measure, Sample, Subject } from "./measure.ts";
import type { Peer } from "./peer.ts";
import { BASE_PEER } from "./peers/mod.ts";
import { roundOrder } from "./order.ts";
import { missingPrograms, notInstalled } from "./system/programs.ts";
import { type MeasureResult, toRows } from "./report/results.ts";
import { startPeer, type Surroundings, warmUp } from "./subject.ts";

/** Called for every run, for a line of progress. */
export type Progress = (text: string) => void;

/** What one measure gave for one peer so far. */
interface Collected {
  readonly samples: (Sample | undefined)[];
  note?: string;
}

/** What is run, and how often. */
export interface RoundsOptions {
  readonly measures: readonly Measure[];
  readonly peers: readonly Peer[];
  readonly rounds: number;
  /** Whether every peer first gets a few seconds of load that is not counted. */
  readonly warm: boolean;
  readonly progress: Progress;
}

/**
 * Runs the measures on the peers in rounds: each round runs each measure on every peer once, one after the other
 * (A B C B C A, not A A B B C C), so that a slow minute of the machine falls on all of them alike.
 */
export async function runRounds(
  surroundings: Surroundings,
  { measures, peers, rounds, warm, progress }: RoundsOptions,
): Promise<MeasureResult[]> {
  // In the peers' order, whatever that of a round.
  const table = measures.map((measure) => ({
    measure,
    byPeer: new Map(
      peers.filter(({ only }) => only?.includes(measure.id) ?? true)
        .filter(({ id }) => measure.peers?.includes(id) ?? true)
        .map((peer): [Peer, Collected] => [peer, { samples: [] }]),
    ),
  }));
  for (let round = 0; round < rounds; round++) {
    // Each round starts every peer anew, so that one lucky or unlucky process does not make a peer's figure.
    const subjects = await startAll(surroundings, { peers, warm, progress });
    try {
      for (const { measure, byPeer } of table) {
        for (const [peer, collected] of roundOrder([...byPeer], round, rounds)) {
          collected.samples[round] = undefined;
          const outcome = await runOnce(measure, subjects.get(peer) ?? "not started");
          if (typeof outcome === "string") collected.note = outcome;
          else collected.samples[round] = outcome;
          progress(`round ${round + 1} of ${rounds}, ${measure.id}, ${peer.id}: ${describe(outcome)}`);
        }
      }
    } finally {
      await stopAll(subjects);
    }
  }
  return table.map(({ measure, byPeer }) => ({
    id: measure.id,
    title: measure.title,
    date: new Date().toISOString(),
    metrics: measure.metrics,
    rows: toRows(
      measure.metrics,
      [...byPeer].map(([peer, collected]) => ({
        peer: peer.id,
        title: peer.title,
        ...collected,
      })),
      BASE_PEER,
    ),
  }));
}

/** Starts every peer; one that cannot be started has the reason in its place. */
async function startAll(
  surroundings: Surroundings,
  { peers, warm, progress }: Pick<RoundsOptions, "peers" | "warm" | "progress">,
): Promise<Map<Peer, Subject | string>> {
  const subjects = new Map<Peer, Subject | string>();
  for (const peer of peers) {
    try {
      const subject = peer.missing() ?? await startPeer(surroundings, peer);
      subjects.set(peer, subject);
      if (warm && typeof subject !== "string" && subject.running.hasProcess) {
        progress(`warming up ${peer.id}`);
        await warmUp(subject);
      }
    } catch (error) {
      // One that runs and failed its warm-up is left to fail, with the reason, in the measure.
      if (!subjects.has(peer)) subjects.set(peer, failure(error));
    }
  }
  return subjects;
}

async function stopAll(subjects: ReadonlyMap<Peer, Subject | string>): Promise<void> {
  await Promise.all(
    [...subjects.values()].map((each) => typeof each === "string" ? undefined : each.running.stop()),
  );
}

async function runOnce(measure: Measure, subject: Subject | string): Promise<Sample | string> {
  const missing = missingPrograms(measure.needs)[0];
  if (missing !== undefined) return `not measured, "${missing}" is ${notInstalled(missing)}`;
  if (typeof subject === "string") return subject;
  try {
    return await measure.run(subject);
  } catch (error) {
    return failure(error);
  }
}

function failure(error: unknown): string {
  return `failed: ${error instanceof Error ? error.message : String(error)}`;
}

function describe(outcome: Sample | string): string {
  if (typeof outcome === "string") return outcome;
  const figures = Object.entries(outcome).map(([id, value]) => `${id} ${value.toPrecision(4)}`);
  return figures.join(", ") || "does not apply";
}
