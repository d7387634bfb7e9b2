import { resolve } from "node:path";
import { type Command, type CommandArgs, CONFIG_FLAG, UsageError } from "../../command.ts";
import { EXIT } from "../../exit_code.ts";
import type { Io } from "../../io.ts";
import { findConfig, STANDARD_INPUT } from "../../config/find_config.ts";
import { readConfig } from "../../config/read_config.ts";
import { sealedConfig } from "../../config/sealed.ts";

/** `tcpproxy seal`: an executable for one config. */
export const seal: Command = {
  name: "seal",
  summary: "Make an executable with the config in it, and permission for its addresses alone",
  usage: "[-c FILE] -o FILE",
  details:
    `The executable reads no other config, and the runtime refuses it every address, file and variable that this one
does not need. Variables and included files are settled now; certificates, keys and tokens stay in their files.
It compiles the program's sources, so it works under "deno run" alone, from a checkout. The compiler is a deno with its
base runtime: --compiler, else $DENO_COMPILER, else the deno that runs this.`,
  arity: [0, 0],
  flags: [
    CONFIG_FLAG,
    { name: "output", short: "o", value: "FILE", summary: "The executable to write" },
    { name: "compiler", value: "FILE", summary: "The deno that compiles" },
  ],
  example: "tcpproxy seal -c config.yaml -o tcpproxy-db",
  run: sealConfig,
};

async function sealConfig(args: CommandArgs, io: Io): Promise<number> {
  const output = args.text("output");
  if (output === undefined) throw new UsageError('seal: the executable has no name; give "-o FILE"');
  if (sealedConfig() !== undefined) throw new UsageError("seal: this executable is sealed already");
  const { compileSealed, hasSources } = await import("../../seal/compile_sealed.ts");
  if (!hasSources()) {
    throw new UsageError(
      "seal: the program's sources, which are compiled anew, are not part of this installation; " +
        'run it from a checkout of the same version: "deno run -A main.ts seal …"',
    );
  }
  const source = await findConfig(args.text("config"));
  if (source.kind !== "file" || STANDARD_INPUT.includes(source.path)) {
    throw new UsageError(
      'seal: it needs a file; give "-c FILE", and run it with "deno run -A main.ts seal …"',
    );
  }
  // The executable may be started in any folder, so its paths must be absolute.
  const origin = resolve(source.path);
  const { config } = await readConfig(origin);
  const failure = await compileSealed(config, { origin, output, compiler: args.text("compiler") });
  if (failure === undefined) return EXIT.done;
  await io.complain(failure);
  return EXIT.failed;
}
