import { type Command, type CommandArgs, CONFIG_FLAG } from "../command.ts";
import { EXIT } from "../exit_code.ts";
import { COLOR_FLAG, colorChoice } from "../flags/color_flag.ts";
import { ENGINE_FLAG, engineChoice, withEngine } from "../flags/engine_flag.ts";
import type { Io } from "../io.ts";
import { readConfig } from "../config/read_config.ts";
import type { ConfigDocument } from "../../config/mod.ts";
import { errorMessage } from "../../base/mod.ts";
import { failEarly } from "../handover/fail_early.ts";
import type { ConfigSource } from "../config/find_config.ts";
import type { ConfigFile, ServeOptions } from "../run/serve.ts";
import { KeptSignal } from "../run/signals.ts";
import { startSpareThread } from "../run/spare_thread.ts";

/** `tcpproxy run`: the proxy. */
export const run: Command = {
  name: "run",
  summary: "Run the proxy (what happens without a command, too)",
  usage: "[-c FILE]",
  details:
    `SIGINT, SIGTERM and SIGQUIT stop accepting and let connections finish for up to shutdown.drain_timeout; a second
one, at least a second later, ends at once. SIGHUP and SIGUSR2 reopen the access log's file after it was renamed. SIGHUP
also puts the config, its certificates and keys into effect again: all of it or, where something is wrong, nothing.
SIGUSR2 also has a new process take over, as "tcpproxy upgrade" does, where the engine is native.
Listeners and connections that stay are not touched.
Where the runtime allows no reading (deno run --allow-net main.ts), the shipped config is used.`,
  arity: [0, 0],
  flags: [CONFIG_FLAG, COLOR_FLAG, ENGINE_FLAG],
  example: "tcpproxy run -c /etc/tcpproxy/config.yaml",
  run: runProxy,
};

async function runProxy(args: CommandArgs, io: Io): Promise<number> {
  const color = colorChoice(args);
  using hangUps = new KeptSignal("SIGHUP");
  using logRotations = new KeptSignal("SIGUSR2");
  using spare = startSpareThread(engineChoice(args));
  const { config, document, source } = await reportedToPredecessor(readConfig(args.text("config")));
  // One after the other: at once, they would read the modules that they share twice.
  const { serve } = await import("../run/serve.ts");
  const { findFileProblems } = await import("../config/file_problems.ts");
  const chosen = withEngine(config, args);
  const findings = await findFileProblems(document, source, chosen);
  if (findings.isFatal) {
    await failEarly(findings.report);
    await io.report(findings.report);
    return EXIT.usage;
  }
  return await serve(chosen, {
    io,
    hangUps,
    logRotations,
    spare,
    color,
    warnings: findings.lines,
    ...nameOf(source, document, args),
  });
}

/** How the log names the config, and what a reload reads. */
function nameOf(
  source: ConfigSource,
  document: ConfigDocument,
  args: CommandArgs,
): Pick<ServeOptions, "configFile" | "preface" | "configName"> {
  switch (source.kind) {
    case "file":
      return { configFile: fileOf(source.path, document, args) };
    case "embedded":
      return {
        preface: "reading files is not allowed: running the config that is shipped with the program",
        configName: "shipped with the program",
      };
    case "sealed":
      return { configName: `sealed in, from ${source.config.origin}` };
  }
}

/** Has the process that this one is to replace learn why it cannot. */
async function reportedToPredecessor<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    await failEarly(errorMessage(error));
    throw error;
  }
}

/** The config's file, to be read again; standard input can be read once alone. */
function fileOf(path: string, document: ConfigDocument, args: CommandArgs): ConfigFile | undefined {
  if (!document.isSteady) return undefined;
  const { folders, fingerprint } = document;
  return {
    path,
    loaded: { folders, fingerprint },
    look: async () => {
      const { ConfigDocument, ConfigError } = await import("../../config/mod.ts");
      try {
        const { folders, fingerprint } = await ConfigDocument.load(path);
        return { folders, fingerprint };
      } catch (error) {
        // A reload says what is wrong; another fault is another state.
        if (!(error instanceof ConfigError)) throw error;
        return { folders: undefined, fingerprint: error.message };
      }
    },
    read: async () => {
      const [{ ConfigDocument, ConfigError }, { UnreadableConfig }, { problemLines }] = await Promise.all([
        import("../../config/mod.ts"),
        import("../run/config_reloads.ts"),
        import("../config/file_problems.ts"),
      ]);
      try {
        return withEngine((await ConfigDocument.load(path)).config, args);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        throw new UnreadableConfig(problemLines(path, error), error);
      }
    },
  };
}
