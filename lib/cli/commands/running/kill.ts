import { errorMessage } from "../../../base/mod.ts";
import { type Command, type CommandArgs, UsageError } from "../../command.ts";
import { EXIT } from "../../exit_code.ts";
import type { Io } from "../../io.ts";
import type { RemoteProxy, SessionFilter } from "../../running/remote_proxy.ts";
import { reportIncomplete } from "../../running/report_incomplete.ts";
import { REMOTE_DETAILS, REMOTE_FLAGS, remoteProxy } from "../../running/running_proxy.ts";
import { filterText, readSessionFilter, SESSION_FLAGS } from "../../running/session_flags.ts";

/** `tcpproxy kill`: ends sessions of a running proxy. */
export const kill: Command = {
  name: "kill",
  summary: "End sessions of a running proxy",
  usage: "[-c FILE | --url URL] ID… | --app APP --client ADDR … | --all [--yes]",
  details: `${REMOTE_DETAILS}
Both sides of each session are closed; its reason in the log is "killed".
With flags in place of IDs, all sessions end that fit every one of them. On a terminal it asks before it ends more
than one. The exit code is 1 when a session does not exist, or none fits.`,
  arity: [0, Infinity],
  dynamic: ["session"],
  flags: [
    ...REMOTE_FLAGS,
    ...SESSION_FLAGS,
    { name: "all", summary: "All sessions there are" },
    { name: "yes", short: "y", summary: "Do not ask" },
    { name: "json", summary: "Print JSON: how many have ended" },
  ],
  example: `tcpproxy kill 4711
tcpproxy kill --app web --client 192.0.2.7 --yes`,
  run: killSessions,
};

async function killSessions(args: CommandArgs, io: Io): Promise<number> {
  const filter = readSessionFilter("kill", args);
  const hasFilter = Object.values(filter).some((value) => value !== undefined);
  const given = [args.positionals.length > 0, hasFilter, args.on("all")].filter(Boolean).length;
  if (given === 0) throw new UsageError("kill: no session given; give an ID, --app, --client, … or --all");
  if (given > 1) throw new UsageError("kill: IDs, filters and --all exclude each other; give one of them");
  const wrong = args.positionals.find((id) => !/^\d+$/.test(id));
  if (wrong !== undefined) {
    throw new UsageError(`kill: the ID is "${wrong}"; expected a number, as "tcpproxy sessions" lists them`);
  }
  const proxy = await remoteProxy("kill", args);
  const outcome = args.positionals.length > 0
    ? await killEach(proxy, args.positionals, io)
    : await killAll(proxy, filter, { args, io });
  if (outcome === undefined) return EXIT.failed;
  const { ended, isComplete } = outcome;
  const { plural } = await import("../../running/status_text.ts");
  await io.print(args.on("json") ? JSON.stringify({ ended }) : `killed ${plural(ended, "session")}`);
  const code = await reportIncomplete("kill", proxy, io);
  return isComplete ? code : EXIT.failed;
}

interface Outcome {
  readonly ended: number;
  /** Whether all that was asked for has happened. */
  readonly isComplete: boolean;
}

async function killEach(proxy: RemoteProxy, ids: readonly string[], io: Io): Promise<Outcome> {
  let ended = 0;
  let isComplete = true;
  for (const id of ids) {
    try {
      ended += await proxy.killSession(id);
    } catch (error) {
      isComplete = false;
      await io.complain(errorMessage(error));
    }
  }
  return { ended, isComplete };
}

/** Ends all that fit; `undefined` when the operator does not agree. */
async function killAll(
  proxy: RemoteProxy,
  filter: SessionFilter,
  { args, io }: { readonly args: CommandArgs; readonly io: Io },
): Promise<Outcome | undefined> {
  if (!args.on("yes") && io.confirm !== undefined) {
    const { view: { matched } } = await proxy.sessions({ ...filter, limit: 1 });
    if (matched > 1 && !await io.confirm(`Kill ${matched} sessions${filterText(filter)}?`)) {
      await io.complain("kill: nothing was killed");
      return undefined;
    }
  }
  const ended = await proxy.killSessions(filter);
  return { ended, isComplete: ended > 0 };
}
