import { type Command, type CommandArgs, UsageError } from "../../command.ts";
import { EXIT } from "../../exit_code.ts";
import type { Io } from "../../io.ts";
import { REMOTE_DETAILS, REMOTE_FLAGS, remoteProxy } from "../../running/running_proxy.ts";
import { suggestion } from "../../suggestion.ts";

/** `tcpproxy status`: the state of a running proxy. */
export const status: Command = {
  name: "status",
  summary: "Show the apps and targets of a running proxy, and how they are",
  usage: "[-c FILE | --url URL] [APP…]",
  details: `${REMOTE_DETAILS}
With APP it shows these apps only.
STATE is what checks and connections say of a target (up, down, ejected), or what an operator has set (drain, maint).
SHARE is its part of the app's connections at the moment, TOTAL, FAILED and TRAFFIC count from the start.
On a narrow terminal the least important columns are left out; a pipe gets all of them.`,
  arity: [0, Infinity],
  dynamic: ["app"],
  flags: [...REMOTE_FLAGS, { name: "json", summary: "Print JSON, as GET /api/status answers" }],
  example: `tcpproxy status
tcpproxy status --url http://127.0.0.1:9900 web
tcpproxy status --json | jq -r '.apps[].targets[] | select(.state != "up") | .address'`,
  run: showStatus,
};

async function showStatus(args: CommandArgs, io: Io): Promise<number> {
  const proxy = await remoteProxy("status", args);
  const { view, json } = await proxy.status();
  const names = view.apps.map(({ name }) => name);
  for (const name of args.positionals) {
    if (names.includes(name)) continue;
    throw new UsageError(`status: there is no app "${name}"${suggestion(name, names)}`);
  }
  const isMeant = ({ name }: { readonly name: string }): boolean =>
    args.positionals.length === 0 || args.positionals.includes(name);
  if (args.on("json")) {
    const whole = json as { readonly apps: readonly { readonly name: string }[] };
    await io.print(JSON.stringify({ ...whole, apps: whole.apps.filter(isMeant) }, undefined, 2));
    return EXIT.done;
  }
  const [{ statusLines }, { lineRoom, printLines }] = await Promise.all([
    import("../../running/status_text.ts"),
    import("../../running/print_lines.ts"),
  ]);
  await printLines(statusLines({ ...view, apps: view.apps.filter(isMeant) }, lineRoom(io)), io);
  return EXIT.done;
}
