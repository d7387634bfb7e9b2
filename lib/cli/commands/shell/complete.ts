import type { Command, CommandArgs, Dynamic } from "../../command.ts";
import { expectedWord } from "../../completion/completion_words.ts";
import { EXIT } from "../../exit_code.ts";
import type { Io } from "../../io.ts";
import type { RemoteProxy } from "../../running/remote_proxy.ts";
import { remoteProxy } from "../../running/running_proxy.ts";

/** A user who presses Tab waits for this. */
const LIMIT_MS = 1000;

/** More sessions than anybody chooses from. */
const MAX_SESSIONS = 200;

/**
 * `tcpproxy __complete -- WORDS…`: what the completion scripts ask for the names of the running proxy. A line is a name or,
 * with a tab between, a name and what it is. Silent when there is no proxy, or it does not answer at once.
 */
export function complete(commands: () => readonly Command[]): Command {
  return {
    name: "__complete",
    summary: "Print what the last word may be, for completion scripts",
    usage: "-- WORDS…",
    arity: [0, Infinity],
    flags: [],
    example: "tcpproxy __complete -- target web ''",
    run: (args, io) => printWords(args, io, commands()),
  };
}

async function printWords(args: CommandArgs, io: Io, commands: readonly Command[]): Promise<number> {
  const expected = expectedWord(commands, args.positionals);
  if (expected === undefined) return EXIT.done;
  const { dynamic, choices, app, flags } = expected;
  const names = dynamic === undefined ? [] : await namesOf(dynamic, app, flags);
  const { visible } = await import("../../terminal/cells.ts");
  // A shell shows them as they are: what a terminal would obey is for nobody to choose.
  const lines = [...choices, ...names].filter((line) =>
    visible(line.replace("\t", " ")) === line.replace("\t", " ")
  );
  if (lines.length > 0) await io.print(lines.join("\n"));
  return EXIT.done;
}

/** Names of a running proxy; none when it cannot be asked, for whatever reason: this is no place to say so. */
async function namesOf(
  dynamic: Dynamic,
  app: string | undefined,
  flags: Readonly<Record<string, string>>,
): Promise<string[]> {
  const args: CommandArgs = { positionals: [], text: (name) => flags[name], on: () => false };
  try {
    return await ask(await remoteProxy("__complete", args, { timeoutMs: LIMIT_MS }), dynamic, app);
  } catch (error) {
    if (error instanceof Error) return [];
    throw error;
  }
}

async function ask(proxy: RemoteProxy, dynamic: Dynamic, app: string | undefined): Promise<string[]> {
  if (dynamic === "session") {
    const { view: { sessions } } = await proxy.sessions({
      app,
      sort: "id",
      order: "desc",
      limit: MAX_SESSIONS,
    });
    const { visible } = await import("../../terminal/cells.ts");
    return sessions.map(({ id, app, client, target }) => {
      const way = target === null ? client : `${client} -> ${target}`;
      return `${id}\t${visible(`${app}: ${way}`)}`;
    });
  }
  const { allTargets } = await import("../../running/view.ts");
  const { view: { apps } } = await proxy.status();
  if (dynamic === "app") return apps.map(({ name }) => name);
  const targets = apps.filter(({ name }) => app === undefined || name === app).flatMap(allTargets);
  return [...new Set(targets.map(({ target }) => target.address))];
}
