import type { Command, CommandArgs } from "../command.ts";
import { EXIT } from "../exit_code.ts";
import type { Io } from "../io.ts";
import { currentBuild, VERSION, versionLine } from "../version.ts";

/** `tcpproxy version`. */
export const version: Command = {
  name: "version",
  summary: "Print the version and the commit it was built from",
  usage: "",
  details: "A run from source (deno run main.ts) is a development run: it has no commit.",
  arity: [0, 0],
  flags: [{ name: "json", summary: "Print JSON: version, commit, the runtime's versions, and the platform" }],
  example: "tcpproxy version --json",
  run: printVersion,
};

async function printVersion(args: CommandArgs, io: Io): Promise<number> {
  const build = currentBuild();
  if (!args.on("json")) {
    await io.print(versionLine(build));
    return EXIT.done;
  }
  const { deno, v8 } = Deno.version;
  const all = {
    version: VERSION,
    commit: build?.commit ?? null,
    modified: build?.isModified ?? false,
    development: build === undefined,
    deno,
    v8,
    target: Deno.build.target,
  };
  await io.print(JSON.stringify(all, undefined, 2));
  return EXIT.done;
}
