/**
 * `deno task soak`: mixed traffic through the proxy for long, every byte compared. Ends with 1 if anything was wrong.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { describeMachine } from "../../bench/system/machine.ts";
import type { Engine } from "../helpers/programs/proxy_process.ts";
import { replacePart } from "../helpers/document_part.ts";
import { type Circumstances, reportPlots, reportText } from "./report.ts";
import { runSoak, type SoakOptions, type SoakReport } from "./soak.ts";

const USAGE = `Sends mixed traffic through the proxy, compares every byte, and reports what it saw.

Usage: deno task soak [options]

  --minutes N     how long (default 10); it stops by itself, and at Ctrl-C
  --engine NAME   runtime or native (default native)
  --rate N        visits of clients per second (default 15)
  --seed N        of everything random (default 1)
  --write         write the report into docs/reliability.md, and its plots into docs/images/
  --help          this text

Redis, PostgreSQL and nginx take part if they are installed.
TCPPROXY_BIN=FILE runs a compiled binary in place of main.ts.
`;

const DOCUMENT = new URL("../../docs/reliability.md", import.meta.url);
const IMAGES = new URL("../../docs/images/", import.meta.url);

interface Options {
  readonly soak: SoakOptions;
  readonly write: boolean;
}

/** @throws {RangeError} for an option that it does not have, or a value that it cannot be. */
function parseOptions(args: readonly string[], signal: AbortSignal): Options | undefined {
  const unknown: string[] = [];
  const flags = parseArgs([...args], {
    boolean: ["write", "help"],
    string: ["minutes", "engine", "rate", "seed"],
    default: { minutes: "10", engine: "native", rate: "15", seed: "1" },
    unknown: (arg: string): boolean => {
      unknown.push(arg);
      return false;
    },
  });
  if (unknown.length > 0) throw new RangeError(`unknown option "${unknown[0]}"; see --help`);
  if (flags.help) return undefined;
  if (flags.engine !== "runtime" && flags.engine !== "native") {
    throw new RangeError(`--engine: "${flags.engine}" is none; use runtime or native`);
  }
  const engine: Engine = flags.engine;
  return {
    soak: {
      engine,
      seconds: positive("minutes", flags.minutes) * 60,
      rate: positive("rate", flags.rate),
      seed: positive("seed", flags.seed),
      signal,
      onSample: (
        { atS, rssMib, descriptors, sessions, p99Ms, directP99Ms, loopDelayMs, cpu, ownCpu },
        mix,
      ): void => {
        const failed = mix.tallies.reduce((sum, each) => sum + each.failed, 0);
        print(
          `${atS.toFixed(0)} s: ${mix.finished} visits, ${failed} failed, ${sessions} sessions, ` +
            `${rssMib.toFixed(0)} MiB, ${descriptors} descriptors, p99 ${p99Ms.toFixed(1)} ms ` +
            `(direct ${directP99Ms.toFixed(1)}), loop ${loopDelayMs} ms, ` +
            `CPU ${cpu.toFixed(0)} % and ${ownCpu.toFixed(0)} % beside it`,
        );
      },
    },
    write: flags.write,
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new RangeError(`--${name}: "${text}" is no positive number`);
  return value;
}

async function main(args: readonly string[]): Promise<number> {
  const stopping = new AbortController();
  const options = parseOptions(args, stopping.signal);
  if (options === undefined) {
    print(USAGE);
    return 0;
  }
  const onInterrupt = (): void => stopping.abort();
  Deno.addSignalListener("SIGINT", onInterrupt);
  let report: SoakReport;
  try {
    report = await runSoak(options.soak);
  } finally {
    Deno.removeSignalListener("SIGINT", onInterrupt);
  }
  const text = reportText(report, circumstances());
  print(`\n${text}`);
  if (options.write) await write(report, text);
  return report.faults.length === 0 ? 0 : 1;
}

async function write(report: SoakReport, text: string): Promise<void> {
  const { engine } = report.options;
  await Deno.mkdir(IMAGES, { recursive: true });
  const plots = [...reportPlots(report)];
  for (const [name, svg] of plots) await Deno.writeTextFile(new URL(name, IMAGES), svg);
  const pictures = plots.map(([name, svg]) => {
    const title = /<title>(.*?)<\/title>/.exec(svg)?.[1] ?? name;
    return `![${title}](images/${name})`;
  });
  const document = await Deno.readTextFile(DOCUMENT);
  const part = `${text}\n${pictures.join("\n\n")}`;
  await Deno.writeTextFile(DOCUMENT, replacePart(document, `soak ${engine}`, part));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", DOCUMENT.pathname] }).output();
}

function circumstances(): Circumstances {
  const { cpu, cores, kernel } = describeMachine();
  return {
    machine: `${cores} cores (${cpu}), ${kernel}, shared with other work`,
    date: new Date().toISOString().slice(0, 10),
    version: `Deno ${Deno.version.deno}`,
  };
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
