import { type Command, type CommandArgs, CONFIG_FLAG, UsageError } from "../../command.ts";
import { EXIT } from "../../exit_code.ts";
import type { Io } from "../../io.ts";
import { readRunning, RUNNING_FLAGS } from "../../running/running_proxy.ts";

/** `tcpproxy reload`: has a running proxy put its config into effect again. */
export const reload: Command = {
  name: "reload",
  summary: "Have a running proxy put its config into effect again",
  usage: "[-c FILE | --url URL] [--plan]",
  details:
    `Asks the admin API; without --url it is the one of the config. The proxy reads its own config's file: all of it is
put into effect or, where something is wrong, nothing, and the exit code is 1. With --plan nothing is done; what would
be is printed.`,
  arity: [0, 0],
  flags: [
    CONFIG_FLAG,
    ...RUNNING_FLAGS.filter(({ name }) => name !== "running"),
    { name: "plan", summary: "Print what a reload would do, and do nothing" },
    { name: "json", summary: "Print JSON" },
  ],
  example: "tcpproxy reload --plan && tcpproxy reload",
  run: reloadRunning,
};

async function reloadRunning(args: CommandArgs, io: Io): Promise<number> {
  const running = await readRunning("reload", args, { isImplied: true });
  if (running === undefined) {
    throw new UsageError('reload: no proxy to ask; expected --url, or a config with "admin"');
  }
  const answer = args.on("plan") ? await running.plan() : await running.reload();
  const { planText, problemText } = await import("../../running/plan_text.ts");
  if (answer.kind === "refused") {
    await io.complain(answer.problems.map((problem) => `reload refused: ${problemText(problem)}`).join("\n"));
    return EXIT.failed;
  }
  await io.print(args.on("json") ? JSON.stringify(answer.json, undefined, 2) : planText(answer));
  return EXIT.done;
}
