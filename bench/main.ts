/**
 * `deno task bench`: this proxy beside its peers on this machine. README.md describes the method.
 *
 * @module
 */

import { startBackend } from "./backend.ts";
import type { Curve } from "./curve.ts";
import { CURVES } from "./curves/mod.ts";
import { Lab } from "./system/lab.ts";
import { describeMachine, NoiseWatch } from "./system/machine.ts";
import { MEASURES } from "./measures/mod.ts";
import { type Choices, OptionError, type Options, parseOptions, usage } from "./options.ts";
import type { Peer } from "./peer.ts";
import { BASE_PEER, PEERS } from "./peers/mod.ts";
import { plots } from "./report/plots.ts";
import { readIfThere } from "./system/proc.ts";
import { allPrograms, installCommand, missingPrograms, notInstalled } from "./system/programs.ts";
import { type CurveResult, mergeResults, type Results } from "./report/results.ts";
import { runRounds } from "./rounds.ts";
import type { Surroundings } from "./subject.ts";
import { report } from "./report/table.ts";

const FOLDER = decodeURIComponent(new URL(".", import.meta.url).pathname);

const CHOICES: Choices = {
  measures: MEASURES.map((each) => each.id),
  curves: CURVES.map((each) => each.id),
  peers: PEERS.map((each) => each.id),
  smokePeers: ["tcpproxy", BASE_PEER],
};

/** Exit codes: as those of the proxy itself, and the shell's for a program that Ctrl-C ended. */
const FAILED = 1;
const USAGE = 2;
const INTERRUPTED = 130;

/** Runs the bench and gives its exit code: 0, 1 when a run failed, 2 for a command line that cannot be read. */
async function main(args: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = parseOptions(args, CHOICES, FOLDER);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    note(error.message);
    return USAGE;
  }
  if (options.help) {
    print(usage(CHOICES));
    return 0;
  }
  if (Deno.build.os !== "linux") {
    note(
      `cannot measure: this is "${Deno.build.os}"; expected Linux (CPU time and memory come from /proc)`,
    );
    return USAGE;
  }
  const missing = missingPrograms(allPrograms());
  if (missing.length > 0) note(`missing: ${missing.join(", ")}; to install: ${installCommand(missing)}`);
  const results = await measure(options);
  if (options.out !== undefined) await writeResults(results, options.out);
  print(options.json ? `${JSON.stringify(results, undefined, 2)}\n` : report(results));
  return hasFailure(results) ? FAILED : 0;
}

async function measure(options: Options): Promise<Results> {
  const { load, rounds, warm } = options;
  const noise = new NoiseWatch();
  const peers = PEERS.filter((peer) => options.peers.includes(peer.id));
  const versions = await versionsOf(peers);
  const measures = MEASURES.filter((each) => options.only.includes(each.id));
  const curves = CURVES.filter((each) => options.only.includes(each.id));
  const outcome = await inLab(async (lab) => {
    const backend = await startBackend(lab, { workers: load.threads });
    const surroundings: Surroundings = { lab, backend, load };
    const lines = measures.length === 0 ? [] : await runRounds(surroundings, {
      measures,
      peers,
      rounds,
      warm: warm && measures.some((each) => !each.startsPeer),
      progress: note,
    });
    return { measures: lines, curves: await runCurves(curves, surroundings, peers) };
  });
  return {
    date: new Date().toISOString(),
    machine: { ...describeMachine(), ...noise.shares() },
    versions,
    settings: { rounds, ...load },
    ...outcome,
  };
}

/** Runs in a lab that is emptied afterwards, also when Ctrl-C or SIGTERM ends the bench. */
async function inLab<T>(work: (lab: Lab) => Promise<T>): Promise<T> {
  await using lab = await Lab.open();
  const interrupted = (): void => {
    lab.abandon();
    Deno.exit(INTERRUPTED);
  };
  Deno.addSignalListener("SIGINT", interrupted);
  Deno.addSignalListener("SIGTERM", interrupted);
  try {
    return await work(lab);
  } finally {
    Deno.removeSignalListener("SIGINT", interrupted);
    Deno.removeSignalListener("SIGTERM", interrupted);
  }
}

async function runCurves(
  curves: readonly Curve[],
  surroundings: Surroundings,
  peers: readonly Peer[],
): Promise<CurveResult[]> {
  const results: CurveResult[] = [];
  const taking = peers.filter((peer) => peer.inCurves);
  for (const curve of curves) {
    const missing = missingPrograms(curve.needs)[0];
    if (missing === undefined) results.push(...await curve.run(surroundings, taking, note));
    else note(`${curve.id} is not measured: "${missing}" is ${notInstalled(missing)}`);
  }
  return results;
}

async function versionsOf(peers: readonly Peer[]): Promise<Record<string, string>> {
  const pairs = await Promise.all(
    peers.map(async (peer) => [peer.id, peer.missing() ?? await peer.version()]),
  );
  return Object.fromEntries(pairs);
}

async function writeResults(results: Results, folder: string): Promise<void> {
  const path = `${folder}/results.json`;
  const earlier = readIfThere(path);
  const merged = mergeResults(earlier === undefined ? undefined : JSON.parse(earlier), results);
  await Deno.mkdir(`${folder}/plots`, { recursive: true });
  await Deno.writeTextFile(path, `${JSON.stringify(merged, undefined, 2)}\n`);
  for (const [name, svg] of plots(results)) await Deno.writeTextFile(`${folder}/plots/${name}`, svg);
}

/** What is not installed is no failure; what was there and did not run is. */
function hasFailure(results: Results): boolean {
  const notes = [
    ...results.measures.flatMap((each) => each.rows.map((row) => row.note)),
    ...results.curves.flatMap((each) => each.lines.map((line) => line.note)),
  ];
  return notes.some((text) => text?.startsWith("failed"));
}

function print(text: string): void {
  writeAll(Deno.stdout, text);
}

function note(text: string): void {
  writeAll(Deno.stderr, `${text}\n`);
}

function writeAll(to: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(to.writeSync(bytes));
}

if (import.meta.main) main(Deno.args).then((code) => Deno.exit(code));
