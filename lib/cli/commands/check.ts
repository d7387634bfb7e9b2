import { type Command, type CommandArgs, CONFIG_FLAG } from "../command.ts";
import { EXIT } from "../exit_code.ts";
import type { Io } from "../io.ts";
import { readConfig } from "../read_config.ts";

/** `tcpproxy check`: whether a config can be used, and what it comes to. */
export const check: Command = {
  name: "check",
  summary: "Check a config and print it with every default filled in",
  usage: "[-c FILE]",
  details:
    `Every problem is reported with file, line and column, and the exit code is 2. Certificates and keys are read
too. What has no effect where it is written, and a certificate that expires within 14 days, is a warning, and no
failure.`,
  arity: [0, 0],
  flags: [
    CONFIG_FLAG,
    { name: "json", summary: "Print JSON instead of YAML" },
    { name: "quiet", short: "q", summary: "Print nothing when all is well" },
  ],
  example: "tcpproxy check -c config.yaml --quiet && systemctl reload tcpproxy",
  run: checkConfig,
};

async function checkConfig(args: CommandArgs, io: Io): Promise<number> {
  const { config, document, source } = await readConfig(args.text("config"));
  const { findFileProblems } = await import("../file_problems.ts");
  const findings = await findFileProblems(document, source);
  if (findings.report !== "") await io.report(findings.report);
  if (findings.hasErrors) return EXIT.usage;
  if (args.on("quiet")) return EXIT.done;
  const { effectiveConfig } = await import("../../config/mod.ts");
  const effective = effectiveConfig(config);
  if (args.on("json")) {
    await io.print(JSON.stringify(effective, undefined, 2));
  } else {
    const { dump } = await import("js-yaml");
    await io.print(dump(effective, { noRefs: true, lineWidth: -1 }).trimEnd());
  }
  return EXIT.done;
}
