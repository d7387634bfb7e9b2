import { parseDuration, UnitError } from "../../../base/mod.ts";
import { COLOR_FLAG, colorChoice } from "../../flags/color_flag.ts";
import { type Command, type CommandArgs, UsageError } from "../../command.ts";
import { EXIT } from "../../exit_code.ts";
import type { Io } from "../../io.ts";
import { REMOTE_DETAILS, REMOTE_FLAGS, remoteProxy } from "../../running/running_proxy.ts";
import { choiceIn, wholeNumberIn } from "../../running/session_flags.ts";
import { suggestion } from "../../suggestion.ts";

const VIEWS = ["apps", "targets", "sessions"] as const;
const DEFAULT_INTERVAL_MS = 1000;
const LEAST_INTERVAL_MS = 250;

/** `tcpproxy top`: a running proxy on the terminal. */
export const top: Command = {
  name: "top",
  summary: "Watch the apps, targets and sessions of a running proxy on the terminal",
  usage: "[-c FILE | --url URL] [--view apps|targets|sessions] [--count N]",
  details: `${REMOTE_DETAILS}
"?" shows the keys: sort, filter, open an app or a target, kill a session, drain a
target. What changes something asks first. When the proxy ends, top waits for it to come back.
Where stdout is no terminal, or with --count, it prints snapshots in plain text; rates need two of them.`,
  arity: [0, 0],
  flags: [
    ...REMOTE_FLAGS,
    {
      name: "view",
      value: "VIEW",
      summary: "What to begin with: apps (default), targets or sessions",
      choices: VIEWS,
    },
    { name: "sort", value: "COLUMN", summary: "The column to sort by, such as down_rate" },
    { name: "filter", value: "TEXT", summary: "Words that each row must have" },
    {
      name: "interval",
      value: "TIME",
      summary: "How often to look at the proxy; default 1s, at least 250ms",
    },
    { name: "count", value: "N", summary: "Print N snapshots and end" },
    { ...COLOR_FLAG, summary: COLOR_FLAG.summary.replace("Colour the log", "Colour the screen") },
    { name: "json", summary: "Print snapshots as JSON, one a line" },
  ],
  example: `tcpproxy top
tcpproxy top --view sessions --sort down_rate
tcpproxy top --view targets --count 2 --interval 5s | grep 10.0.0.1`,
  run: showTop,
};

async function showTop(args: CommandArgs, io: Io): Promise<number> {
  const view = VIEWS.find((each) => each === choiceIn("top", args, { flag: "view", choices: VIEWS })) ??
    "apps";
  const count = wholeNumberIn("top", args, { flag: "count", least: 1, most: 1_000_000 });
  const intervalMs = readInterval(args.text("interval"));
  const color = colorChoice(args);
  const [{ runTop, sortNames }, { remoteSource }] = await Promise.all([
    import("../../top/run_top.ts"),
    import("../../top/remote_source.ts"),
  ]);
  const sort = args.text("sort");
  const names = sortNames(view);
  if (sort !== undefined && !names.includes(sort)) {
    throw new UsageError(`top: --sort is "${sort}"; expected ${names.join(", ")}${suggestion(sort, names)}`);
  }
  const source = remoteSource(await remoteProxy("top", args));
  const end = await runTop(
    source,
    { view, filter: args.text("filter") ?? "", sort, intervalMs, count, isJson: args.on("json"), color },
    io,
  );
  if (end?.kind === "error") throw end.error;
  return EXIT.done;
}

function readInterval(text: string | undefined): number {
  if (text === undefined) return DEFAULT_INTERVAL_MS;
  try {
    const ms = parseDuration(text);
    if (ms >= LEAST_INTERVAL_MS && ms <= 3_600_000) return ms;
  } catch (error) {
    if (!(error instanceof UnitError)) throw error;
  }
  throw new UsageError(`top: --interval is "${text}"; expected a time from 250ms to 1h, such as 1s`);
}
