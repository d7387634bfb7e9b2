import { errorMessage } from "../../../base/mod.ts";
import { type Command, type CommandArgs, type Flag, UsageError } from "../../command.ts";
import type { Io } from "../../io.ts";
import type { FaultsAnswer } from "../../running/remote_proxy.ts";
import { reportIncomplete } from "../../running/report_incomplete.ts";
import { REMOTE_DETAILS, REMOTE_FLAGS, remoteProxy } from "../../running/running_proxy.ts";
import { suggestion } from "../../suggestion.ts";

/** The kinds of faults, each with the options that it has of its own. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  latency: ["amount", "jitter"],
  bandwidth: ["rate"],
  slice: ["size", "delay"],
  reset: ["after", "after-bytes"],
  close: ["after", "after-bytes"],
  ["black_hole"]: [],
  refuse: [],
};
const COMMON = ["direction", "probability", "clients", "expires", "seed"] as const;
const WORDS = [...Object.keys(KINDS), "off"];

const OPTION_FLAGS: readonly Flag[] = [
  { name: "amount", value: "TIME", summary: "latency: how long data is held back, such as 100ms" },
  { name: "jitter", value: "TIME", summary: "latency: the amount, give or take this" },
  { name: "rate", value: "RATE", summary: "bandwidth: bytes per second, such as 64KiB/s" },
  { name: "size", value: "SIZE", summary: "slice: the largest piece, such as 16B" },
  { name: "delay", value: "TIME", summary: "slice: the wait between two pieces" },
  { name: "after", value: "TIME", summary: "reset, close: so long after the target was reached" },
  { name: "after-bytes", value: "SIZE", summary: "reset, close: after so many bytes of the direction" },
  {
    name: "direction",
    value: "WAY",
    summary: "Which bytes: up, down or both (default)",
    choices: ["up", "down", "both"],
  },
  { name: "probability", value: "P", summary: "The share of connections that it hits, 0 to 1; default 1" },
  { name: "clients", value: "BLOCKS", summary: "The clients that it hits, with commas between; default all" },
  {
    name: "expires",
    value: "TIME",
    summary: "How long it lasts, such as 10m; default until it is taken off",
  },
  { name: "seed", value: "N", summary: "Makes what is drawn repeatable" },
];

/** `tcpproxy fault`: injects faults into an app of a running proxy, and takes them off. */
export const fault: Command = {
  name: "fault",
  summary: "Inject a fault into an app of a running proxy, or take it off",
  usage: "[-c FILE | --url URL] APP [KIND --OPTION VALUE … | --yaml TEXT | off]",
  details: `${REMOTE_DETAILS}
Without KIND it lists the app's faults.
KIND is one of ${Object.keys(KINDS).join(", ")}: see "faults" in docs/configuration.md.
A fault set here stands in place of those that were set here before, and beside those of the config; several at
once, or one with all that a config allows, are given with --yaml. It hits new connections, and stays through reloads.
With "off" those that were set here are taken off.`,
  arity: [1, 2],
  dynamic: ["app"],
  choices: WORDS,
  flags: [
    ...REMOTE_FLAGS,
    ...OPTION_FLAGS,
    {
      name: "yaml",
      value: "TEXT",
      summary: "A fault, or a list of them, as in a config; - reads it from the input",
    },
    { name: "json", summary: "Print JSON: the app's faults" },
  ],
  example: `tcpproxy fault web latency --amount 100ms --jitter 20ms --direction down --expires 10m
tcpproxy fault web --yaml '[{ kind: latency, amount: 1s, probability: 0.1 }, { kind: reset, after: 5s }]'
tcpproxy fault web off`,
  run: setFaults,
};

async function setFaults(args: CommandArgs, io: Io): Promise<number> {
  const [app = "", kind] = args.positionals;
  const faults = await faultsIn(args, kind);
  const proxy = await remoteProxy("fault", args);
  const answer = kind === "off"
    ? await proxy.removeFaults(app)
    : faults === undefined
    ? await proxy.faults(app)
    : await proxy.setFaults(app, faults);
  if (args.on("json")) await io.print(JSON.stringify(answer.json, undefined, 2));
  else await printFaults(app, answer, io);
  return await reportIncomplete("fault", proxy, io);
}

/** Returns the faults that are given; `undefined` where none are. */
async function faultsIn(args: CommandArgs, kind: string | undefined): Promise<unknown[] | undefined> {
  const yaml = args.text("yaml");
  const given = OPTION_FLAGS.map(({ name }) => name).filter((name) => args.text(name) !== undefined);
  if (yaml !== undefined) {
    if (kind !== undefined || given.length > 0) {
      throw new UsageError(
        `fault: --yaml and ${kind ?? `--${given[0]}`} exclude each other; give one of them`,
      );
    }
    return await parseFaults(yaml);
  }
  if (kind === undefined || kind === "off") {
    if (given.length === 0) return undefined;
    throw new UsageError(`fault: --${given[0]} needs a kind before it: ${Object.keys(KINDS).join(", ")}`);
  }
  const own = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (own === undefined) {
    throw new UsageError(
      `fault: the kind is "${kind}"; expected ${WORDS.join(", ")}${suggestion(kind, WORDS)}`,
    );
  }
  const allowed = [...own, ...COMMON];
  const wrong = given.find((name) => !allowed.includes(name));
  if (wrong !== undefined) {
    throw new UsageError(
      `fault: ${kind} has no --${wrong}; expected ${allowed.map((name) => `--${name}`).join(", ")}`,
    );
  }
  return [
    Object.fromEntries([["kind", kind], ...given.map((name) => optionOf(name, args.text(name) ?? ""))]),
  ];
}

/** Returns an option as a config has it. */
function optionOf(name: string, text: string): [key: string, value: unknown] {
  const key = name.replaceAll("-", "_");
  if (name === "clients") return [key, text.split(",").map((block) => block.trim())];
  if (name !== "probability" && name !== "seed") return [key, text];
  const number = Number(text);
  if (text.trim() !== "" && Number.isFinite(number)) return [key, number];
  throw new UsageError(`fault: --${name} is "${text}"; expected a number`);
}

async function parseFaults(text: string): Promise<unknown[]> {
  const { parse } = await import("@std/yaml/parse");
  const yaml = text === "-" ? await new Response(Deno.stdin.readable).text() : text;
  let value: unknown;
  try {
    value = parse(yaml);
  } catch (error) {
    throw new UsageError(`fault: --yaml cannot be read: ${errorMessage(error).split("\n")[0]}`);
  }
  const faults = Array.isArray(value) ? value : [value];
  if (faults.every((each) => typeof each === "object" && each !== null)) return faults;
  throw new UsageError(
    'fault: --yaml is no fault; expected one such as "{ kind: latency, amount: 100ms }", or a list',
  );
}

async function printFaults(app: string, { faults }: FaultsAnswer, io: Io): Promise<void> {
  const [{ printLines }, { span }, { shortAge }] = await Promise.all([
    import("../../running/print_lines.ts"),
    import("../../terminal/line.ts"),
    import("../../terminal/quantities.ts"),
  ]);
  if (faults.length === 0) return await printLines([[span(`app "${app}" has no faults`)]], io);
  const now = Date.now();
  await printLines(
    faults.map(({ kind, options, source, expiresAtMs }) => {
      const until = expiresAtMs === null ? "" : `, ends in ${shortAge(expiresAtMs - now)}`;
      return [
        span(kind, "warn"),
        span(options === "" ? "" : ` ${options}`),
        span(` (${source}${until})`, "dim"),
      ];
    }),
    io,
  );
}
