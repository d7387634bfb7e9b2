/**
 * `deno task chaos`: one fault after the other, against each proxy. Ends with 1 if a promise was broken.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { describeMachine } from "../../bench/system/machine.ts";
import { versionLine } from "../../bench/system/programs.ts";
import { replacePart } from "../helpers/document_part.ts";
import type { Fault } from "./fault.ts";
import { FAULTS } from "./faults/mod.ts";
import { type Round, runRound } from "./round.ts";
import { SUBJECT_IDS, type SubjectId, SUBJECTS } from "./subjects.ts";
import { chaosTable, seen } from "./table.ts";
import { missingWire, Wire, withNamespaces } from "./wire.ts";

const USAGE = `Does one bad thing after the other to the proxy, and reports what it saw.

Usage: deno task chaos [options]

  --only A,B      faults: ${FAULTS.map(({ name }) => name).join(", ")}
  --engine NAME   runtime or native (default both)
  --peers         HAProxy and nginx beside it, where they can be given the same
  --seconds N     how long a fault lasts (default 3)
  --write         write the table into docs/reliability.md
  --help          this text

Faults of the network take root on Linux: they run in network namespaces that are removed afterwards.
TCPPROXY_BIN=FILE runs a compiled binary in place of main.ts.
`;

const DOCUMENT = new URL("../../docs/reliability.md", import.meta.url);
const EXCHANGES = 600;

/** Of a process that this program starts of itself within a namespace; before the name of the far one. */
const INSIDE = "--inside";

interface Options {
  readonly faults: readonly Fault[];
  readonly subjects: readonly SubjectId[];
  readonly seconds: number;
  readonly write: boolean;
  /** The far namespace, in the process that runs in the near one. */
  readonly inside: string | undefined;
}

/** @throws {RangeError} for an option that it does not have, or a value that it cannot be. */
function parseOptions(args: readonly string[]): Options | undefined {
  const unknown: string[] = [];
  const flags = parseArgs([...args], {
    boolean: ["peers", "write", "help"],
    string: ["only", "engine", "seconds", "inside"],
    default: { seconds: "3" },
    unknown: (arg: string): boolean => {
      unknown.push(arg);
      return false;
    },
  });
  if (unknown.length > 0) throw new RangeError(`unknown option "${unknown[0]}"; see --help`);
  if (flags.help) return undefined;
  const engines = SUBJECT_IDS.slice(0, 2).filter((id) => flags.engine === undefined || id === flags.engine);
  if (engines.length === 0) {
    throw new RangeError(`--engine: "${flags.engine}" is none; use runtime or native`);
  }
  const names: readonly string[] = flags.only?.split(",") ?? FAULTS.map(({ name }) => name);
  const wrong = names.find((name) => FAULTS.every((fault) => fault.name !== name));
  if (wrong !== undefined) throw new RangeError(`--only: there is no fault "${wrong}"; see --help`);
  const seconds = Number(flags.seconds);
  if (!(seconds > 0)) throw new RangeError(`--seconds: "${flags.seconds}" is no positive number`);
  return {
    faults: FAULTS.filter(({ name }) => names.includes(name)),
    subjects: [...engines, ...(flags.peers ? SUBJECT_IDS.slice(2) : [])],
    seconds,
    write: flags.write,
    inside: flags.inside,
  };
}

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options === undefined) {
    print(USAGE);
    return 0;
  }
  if (options.inside !== undefined) return await runInside(options, options.inside);
  const missing = new Map<string, string>();
  const rounds: Round[] = [];
  const report = (round: Round): void => {
    rounds.push(round);
    print(`${round.fault}, ${round.subject}: ${seen(round)}`);
  };
  const noWire = missingWire();
  for (const fault of options.faults) {
    const why = fault.missing?.() ?? (fault.onWire ? noWire : undefined);
    if (why === undefined) continue;
    missing.set(fault.name, `not run: ${why}`);
    print(`${fault.name}: not run: ${why}`);
  }
  const wanted = options.faults.filter(({ name }) => !missing.has(name));
  const onWire = wanted.filter((fault) => fault.onWire);
  if (onWire.length > 0) await runOnWire(onWire, options, report);
  for (const fault of wanted) if (!fault.onWire) await runFault(fault, options, report);
  const table = chaosTable(options.faults, rounds, missing);
  if (options.write) await write(table, await circumstances(options));
  const broken = rounds.filter((round) => isOwn(round.subject) && round.broken.length > 0);
  print(broken.length === 0 ? "every promise was kept" : `${broken.length} rounds with a broken promise`);
  return broken.length === 0 ? 0 : 1;
}

/** All subjects at the same time: a fault is mostly waiting. */
async function runFault(
  fault: Fault,
  { subjects, seconds }: Options,
  report: (round: Round) => void,
  wire?: Wire,
): Promise<void> {
  const able = subjects.filter((id) => fault.subjects?.includes(id) ?? true)
    .filter((id) => !SUBJECTS[id].missing());
  const options = {
    holdMs: seconds * 1000,
    exchanges: EXCHANGES,
    isTimed: true,
    ...(wire === undefined ? {} : { wire }),
  };
  const run = async (id: SubjectId): Promise<void> => {
    try {
      report(await runRound(fault, id, options));
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      report({
        fault: fault.name,
        subject: id,
        asked: 0,
        served: 0,
        memoryBefore: 0,
        memoryAfter: 0,
        notes: [],
        broken: [`the round failed: ${error.message}`],
      });
    }
  };
  // A wire has one weather for all.
  if (wire !== undefined) { for (const id of able) await run(id); }
  else for (let at = 0; at < able.length; at += 2) await Promise.all(able.slice(at, at + 2).map(run));
}

/** Runs this program again in a namespace, which prints each round as JSON. */
async function runOnWire(
  faults: readonly Fault[],
  { subjects, seconds }: Options,
  report: (round: Round) => void,
): Promise<void> {
  await withNamespaces(async ({ near, far }) => {
    const only = faults.map(({ name }) => name).join(",");
    const engines = subjects.filter(isOwn);
    const words = [
      ...["netns", "exec", near, Deno.execPath(), "run", "--allow-all"],
      ...[new URL(import.meta.url).pathname, "--only", only, "--seconds", String(seconds), INSIDE, far],
      ...(engines.length === 1 ? ["--engine", engines[0] ?? ""] : []),
      ...(subjects.length > engines.length ? ["--peers"] : []),
    ];
    const child = new Deno.Command("ip", { args: words, stdin: "null", stdout: "piped", stderr: "inherit" })
      .spawn();
    let rest = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = `${rest}${text}`.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) report(JSON.parse(line));
    }
    const { code } = await child.status;
    if (code !== 0) throw new Error(`the faults of the network failed, with exit code ${code}`);
  });
}

async function runInside(options: Options, far: string): Promise<number> {
  for (const fault of options.faults) {
    // Each has its own, with nothing left of the one before.
    await using wire = await Wire.open({ near: "", far });
    await runFault(fault, options, (round) => print(JSON.stringify(round)), wire);
  }
  return 0;
}

function isOwn(id: SubjectId): boolean {
  return id === "runtime" || id === "native";
}

async function circumstances({ subjects, seconds }: Options): Promise<string> {
  const { cpu, cores, kernel } = describeMachine();
  const peers = await Promise.all(
    subjects.filter((id) => !isOwn(id) && !SUBJECTS[id].missing()).map((id) => versionLine(id, "-v")),
  );
  const versions = [
    `Deno ${Deno.version.deno}`,
    ...peers.map((line) => line.replace(/ - .*| \d{4}\/.*/, "")),
  ];
  return `${new Date().toISOString().slice(0, 10)}, ${cores} cores (${cpu}), ${kernel}, shared with other ` +
    `work, ${versions.join(", ")}. Each fault lasted ${seconds} s or as long as it says. Loss, delay and ` +
    "reordering are made by a program between two TUN devices, in network namespaces.";
}

async function write(table: string, head: string): Promise<void> {
  const document = await Deno.readTextFile(DOCUMENT);
  await Deno.writeTextFile(DOCUMENT, replacePart(document, "chaos", `${head}\n\n${table}`));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", DOCUMENT.pathname] }).output();
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

if (import.meta.main) {
  try {
    // deno-lint-ignore no-top-level-await -- the one place where the program is waited for
    Deno.exit(await main(Deno.args));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    Deno.stderr.writeSync(new TextEncoder().encode(`${error.message}\n`));
    Deno.exit(2);
  }
}
