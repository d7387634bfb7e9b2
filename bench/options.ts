import { parseArgs } from "@std/cli/parse-args";
import type { Load } from "./measure.ts";

/** What the command line asks for. */
export interface Options {
  readonly load: Load;
  readonly rounds: number;
  /** Whether every peer gets some load before it is measured; a smoke run saves the time. */
  readonly warm: boolean;
  /** Ids of measures and curves. */
  readonly only: readonly string[];
  /** Ids of peers. */
  readonly peers: readonly string[];
  /** Whether stdout gets the results as JSON in place of the tables. */
  readonly json: boolean;
  /** Folder for `results.json` and `plots/`; `undefined`: nothing is written. */
  readonly out: string | undefined;
  readonly help: boolean;
}

/** What can be chosen from. */
export interface Choices {
  readonly measures: readonly string[];
  readonly curves: readonly string[];
  readonly peers: readonly string[];
  /** The peers of a smoke run. */
  readonly smokePeers: readonly string[];
}

/** A command line that cannot be read; the message says what is expected. */
export class OptionError extends Error {
  override readonly name = "OptionError";
}

/** The word that stands for all curves in `--only`. */
export const ALL_CURVES = "curves";

const DEFAULTS = { rounds: 5, seconds: 3, idle: 2000, rate: 2000 };
const SMOKE = { rounds: 1, seconds: 1, idle: 200, rate: 1000 };
const NUMBERS = ["rounds", "seconds", "idle", "rate", "threads"];

/** How to use it. */
export function usage(choices: Choices): string {
  return `Measures this proxy beside its peers on this machine.

Usage: deno task bench [options]

  --smoke          one short round of each measure with ${
    choices.smokePeers.join(", ")
  }; writes no file unless --out is given
  --rounds N       rounds (default ${DEFAULTS.rounds})
  --seconds N      length of one timed run (default ${DEFAULTS.seconds})
  --idle N         idle connections of the memory measure (default ${DEFAULTS.idle})
  --rate N         requests a second of the latency measure (default ${DEFAULTS.rate})
  --threads N      threads of each proxy that has threads (default 1)
  --only A,B       measures: ${choices.measures.join(", ")};
                   curves (not in a plain run): ${ALL_CURVES} for all, or ${choices.curves.join(", ")}
  --peers A,B      peers: ${choices.peers.join(", ")}
  --out DIR        where results.json and plots/ go (default bench/, with N threads bench/threads_N/)
  --json           print the results as JSON
  --help           this text

TCPPROXY_BIN=FILE measures a compiled binary in place of main.ts.
Example: deno task bench --only bulk1,requests --peers tcpproxy,haproxy
`;
}

/**
 * Parses the command line.
 *
 * @param defaultOut the folder for results when `--out` is not given.
 * @throws {OptionError} when something in it is unknown or no whole number.
 */
export function parseOptions(args: readonly string[], choices: Choices, defaultOut: string): Options {
  const unknown: string[] = [];
  const flags = parseArgs([...args], {
    boolean: ["smoke", "json", "help"],
    string: [...NUMBERS, "only", "peers", "out"],
    unknown: (arg: string): boolean => {
      unknown.push(arg);
      return false;
    },
  });
  if (unknown[0] !== undefined) {
    throw new OptionError(`cannot read the options: "${unknown[0]}" is unknown, see --help`);
  }
  const numbers = flags.smoke ? SMOKE : DEFAULTS;
  const plain = flags.smoke ? choices.smokePeers : choices.peers;
  const allowed = [...choices.measures, ...choices.curves, ALL_CURVES];
  const threads = whole(flags.threads, "threads", 1);
  // What was measured with other threads is another table, and must not be mixed with it.
  const out = threads === 1 ? defaultOut : `${defaultOut.replace(/\/$/, "")}/threads_${threads}`;
  const only = list(flags.only, "only", allowed) ?? choices.measures;
  return {
    load: {
      seconds: whole(flags.seconds, "seconds", numbers.seconds),
      idleConnections: whole(flags.idle, "idle", numbers.idle),
      rate: whole(flags.rate, "rate", numbers.rate),
      threads,
    },
    rounds: whole(flags.rounds, "rounds", numbers.rounds),
    warm: !flags.smoke,
    only: only.flatMap((id) => id === ALL_CURVES ? choices.curves : [id]),
    peers: list(flags.peers, "peers", choices.peers) ?? plain,
    json: flags.json === true,
    out: text(flags.out) ?? (flags.smoke ? undefined : out),
    help: flags.help === true,
  };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function whole(value: unknown, name: string, fallback: number): number {
  if (value === undefined) return fallback;
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) {
    throw new OptionError(
      `cannot read the options: --${name} is "${value}"; expected a whole number from 1`,
    );
  }
  return number;
}

function list(value: unknown, name: string, allowed: readonly string[]): string[] | undefined {
  const given = text(value)?.split(",").map((each) => each.trim());
  const stranger = given?.find((each) => !allowed.includes(each));
  if (stranger !== undefined) {
    throw new OptionError(
      `cannot read the options: --${name} has "${stranger}", expected some of ${allowed.join(", ")}`,
    );
  }
  return given;
}
