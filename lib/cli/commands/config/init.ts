import { errorCode, errorMessage } from "../../../base/mod.ts";
import { type Command, type CommandArgs, UsageError } from "../../command.ts";
import { EXIT } from "../../exit_code.ts";
import type { Io } from "../../io.ts";
import template from "./init_template.yaml" with { type: "text" };

/** `tcpproxy init`: a config to begin with. */
export const init: Command = {
  name: "init",
  summary: "Write a config with comments to begin with",
  usage: "[FILE]",
  details:
    "FILE is ./config.yaml where none is given, and - is standard output. A file that is there already stays as it is.",
  arity: [0, 1],
  flags: [{ name: "force", short: "f", summary: "Overwrite a file that is there already" }],
  example: "tcpproxy init && tcpproxy",
  run: writeConfig,
};

const DEFAULT_FILE = "./config.yaml";

async function writeConfig(args: CommandArgs, io: Io): Promise<number> {
  const path = args.positionals[0] ?? DEFAULT_FILE;
  if (path === "-") {
    await io.print(template.trimEnd());
    return EXIT.done;
  }
  if ((await Deno.permissions.query({ name: "write", path })).state !== "granted") {
    throw new UsageError(
      `write the config: the runtime does not allow writing "${path}"; run with --allow-write=${path}`,
    );
  }
  const isNew = !args.on("force");
  try {
    await Deno.writeTextFile(path, template, isNew ? { createNew: true } : {});
  } catch (error) {
    if (errorCode(error) === "EEXIST" || error instanceof Deno.errors.AlreadyExists) {
      throw new UsageError(
        `write the config: "${path}" already exists; give another name, or "--force"`,
      );
    }
    await io.complain(`write the config: "${path}" cannot be written (${errorMessage(error)})`);
    return EXIT.failed;
  }
  await io.print(`wrote ${path}; "tcpproxy run -c ${path}" runs it`);
  return EXIT.done;
}
