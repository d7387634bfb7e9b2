import type { Command, CommandArgs } from "../../command.ts";
import { EXIT } from "../../exit_code.ts";
import type { Io } from "../../io.ts";

/** `tcpproxy schema`: what a config may hold, for editors. */
export const schema: Command = {
  name: "schema",
  summary: "Print the JSON Schema of the config",
  usage: "",
  details:
    `With the schema beside it, an editor that knows YAML completes and checks a config whose first line is
"# yaml-language-server: $schema=./schema.json".`,
  arity: [0, 0],
  flags: [],
  example: "tcpproxy schema > schema.json",
  run: printSchema,
};

async function printSchema(_args: CommandArgs, io: Io): Promise<number> {
  const { editorJsonSchema } = await import("../../../config/mod.ts");
  await io.print(JSON.stringify(editorJsonSchema(), undefined, 2));
  return EXIT.done;
}
