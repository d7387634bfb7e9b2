import type { Command, CommandArgs } from "../command.ts";
import { EXIT } from "../exit_code.ts";
import type { Io } from "../io.ts";
import { VERSION } from "../version.ts";

/** `tcpproxy version`. */
export const version: Command = {
  name: "version",
  summary: "Print the version",
  usage: "",
  arity: [0, 0],
  flags: [{ name: "json", summary: "Print JSON: the version, the runtime's, and the platform" }],
  example: "tcpproxy version --json",
  run: printVersion,
};

async function printVersion(args: CommandArgs, io: Io): Promise<number> {
  const { deno, v8 } = Deno.version;
  const all = { version: VERSION, deno, v8, target: Deno.build.target };
  await io.print(args.on("json") ? JSON.stringify(all, undefined, 2) : `tcpproxy ${VERSION}`);
  return EXIT.done;
}
