import type { Command, CommandArgs } from "../../command.ts";
import type { Io } from "../../io.ts";
import { reportIncomplete } from "../../running/report_incomplete.ts";
import { REMOTE_DETAILS, REMOTE_FLAGS, remoteProxy } from "../../running/running_proxy.ts";
import {
  choiceIn,
  filterText,
  readSessionFilter,
  SESSION_FLAGS,
  wholeNumberIn,
} from "../../running/session_flags.ts";

const SORTS = ["age", "idle", "bytes_up", "bytes_down", "id"] as const;
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 10_000;

/** `tcpproxy sessions`: the live sessions of a running proxy. */
export const sessions: Command = {
  name: "sessions",
  summary: "List the live sessions of a running proxy",
  usage: "[-c FILE | --url URL] [--app APP] [--target TARGET] [--client ADDR] [--sort KEY] [--limit N]",
  details: `${REMOTE_DETAILS}
The newest come first; with --sort those with the most of it do, with --reverse
those with the least. UP is from the client to the target. "tcpproxy top" shows sessions live.`,
  arity: [0, 0],
  flags: [
    ...REMOTE_FLAGS,
    ...SESSION_FLAGS,
    { name: "sort", value: "KEY", summary: `Sort by ${SORTS.join(", ")}; default id`, choices: SORTS },
    { name: "reverse", short: "r", summary: "Reverse the order" },
    {
      name: "limit",
      short: "n",
      value: "N",
      summary: `List at most N; default ${DEFAULT_LIMIT}, at most ${MAX_LIMIT}`,
    },
    { name: "json", summary: "Print JSON, as GET /api/sessions answers" },
  ],
  example: `tcpproxy sessions --app web --sort bytes_down --limit 10
tcpproxy sessions --client 10.0.0.0/8 --json | jq .matched`,
  run: listSessions,
};

async function listSessions(args: CommandArgs, io: Io): Promise<number> {
  const filter = readSessionFilter("sessions", args);
  const sort = choiceIn("sessions", args, { flag: "sort", choices: SORTS });
  const limit = wholeNumberIn("sessions", args, { flag: "limit", least: 1, most: MAX_LIMIT }) ??
    DEFAULT_LIMIT;
  const proxy = await remoteProxy("sessions", args);
  const order = args.on("reverse") ? "asc" : "desc";
  const { view, json } = await proxy.sessions({ ...filter, sort: sort ?? "id", order, limit });
  if (args.on("json")) {
    await io.print(JSON.stringify(json, undefined, 2));
    return await reportIncomplete("sessions", proxy, io);
  }
  const [{ sessionsLines }, { lineRoom, printLines }, { plural }] = await Promise.all([
    import("../../running/sessions_text.ts"),
    import("../../running/print_lines.ts"),
    import("../../running/status_text.ts"),
  ]);
  if (view.sessions.length > 0) await printLines(sessionsLines(view, lineRoom(io)), io);
  const { matched, total, sessions: listed } = view;
  const rest = listed.length < matched ? `${listed.length} of ` : "";
  const all = matched < total ? `, ${total} in all` : "";
  await io.print(`${rest}${plural(matched, "session")}${filterText(filter)}${all}`);
  return await reportIncomplete("sessions", proxy, io);
}
