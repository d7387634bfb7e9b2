import { type Command, type CommandArgs, CONFIG_FLAG } from "../command.ts";
import { EXIT } from "../exit_code.ts";
import { COLOR_FLAG, colorChoice } from "../color_flag.ts";
import type { Io } from "../io.ts";
import { readConfig } from "../read_config.ts";
import { KeptSignal } from "../signals.ts";

/** `tcpproxy run`: the proxy. */
export const run: Command = {
  name: "run",
  summary: "Run the proxy (what happens without a command, too)",
  usage: "[-c FILE]",
  details:
    `SIGINT, SIGTERM and SIGQUIT stop accepting and let connections finish for up to shutdown.drain_timeout; a second
one, at least a second later, ends at once. SIGUSR2 reopens the access log's file after it was renamed; SIGHUP reopens the access log's file and reads certificates, keys and CAs again: when all are
good, new handshakes use them, else the old ones stay in use; no connection is closed. A config that has changed
needs a restart.
Where the runtime allows no reading (deno run --allow-net main.ts), the shipped config is used.`,
  arity: [0, 0],
  flags: [CONFIG_FLAG, COLOR_FLAG],
  example: "tcpproxy run -c /etc/tcpproxy/config.yaml",
  run: runProxy,
};

async function runProxy(args: CommandArgs, io: Io): Promise<number> {
  const color = colorChoice(args);
  using hangUps = new KeptSignal("SIGHUP");
  using logRotations = new KeptSignal("SIGUSR2");
  const [{ config, document, source }, { serve }, { findFileProblems }] = await Promise.all([
    readConfig(args.text("config")),
    import("../serve.ts"),
    import("../file_problems.ts"),
  ]);
  const findings = await findFileProblems(document, source);
  if (findings.isFatal) {
    await io.report(findings.report);
    return EXIT.usage;
  }
  return await serve(config, {
    io,
    hangUps,
    logRotations,
    color,
    warnings: findings.lines,
    ...(source.kind === "file" ? { configFile: { path: source.path, state: () => document.fileState() } } : {
      preface: "reading files is not allowed: running the config that is shipped with the program",
      configName: "shipped with the program",
    }),
  });
}
