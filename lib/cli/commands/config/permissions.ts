import { type Command, type CommandArgs, CONFIG_FLAG } from "../../command.ts";
import { EXIT } from "../../exit_code.ts";
import type { Io } from "../../io.ts";
import { readConfig } from "../../config/read_config.ts";
import { systemDns } from "../../config/system_dns.ts";

/** `tcpproxy permissions`: the sandbox that a config fits into. */
export const permissions: Command = {
  name: "permissions",
  summary: "Print the least permissions that a config needs under deno run",
  usage: "[-c FILE]",
  details: `With these flags, the runtime itself refuses any connection that is not to a target of the config.
A path with a comma or a space fits into no flag; --json prints lists.
For Deno 2.9 and newer, where unix sockets are on the list of --allow-net.`,
  arity: [0, 0],
  flags: [CONFIG_FLAG, { name: "json", summary: "Print JSON: net, read, write and env as lists" }],
  example: "deno run --no-prompt $(tcpproxy permissions -c config.yaml) main.ts -c config.yaml",
  run: printPermissions,
};

async function printPermissions(args: CommandArgs, io: Io): Promise<number> {
  const { config, document, source } = await readConfig(args.text("config"));
  const [{ resolveListenNames }, { leastPermissions, permissionFlags }] = await Promise.all([
    import("../../../proxy/mod.ts"),
    import("../../config/least_permissions.ts"),
  ]);
  const least = leastPermissions(config, {
    // Another machine may have what this one lacks, and the runtime must allow the attempt.
    named: await resolveListenNames(config, { isMissing: () => false }),
    configFile: source.kind === "file" ? source.path : undefined,
    included: [...document.included, ...config.watch ? document.folders : document.includeFolders],
    variables: document.variables,
    systemDns: await systemDns(),
  });
  await io.print(args.on("json") ? JSON.stringify(least, undefined, 2) : permissionFlags(least).join(" "));
  return EXIT.done;
}
