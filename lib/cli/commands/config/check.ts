import { type Command, type CommandArgs, CONFIG_FLAG } from "../../command.ts";
import { ENGINE_FLAG, withEngine } from "../../flags/engine_flag.ts";
import { EXIT } from "../../exit_code.ts";
import type { Io } from "../../io.ts";
import { readConfig } from "../../config/read_config.ts";

/** `tcpproxy check`: whether a config can be used, and what it comes to. */
export const check: Command = {
  name: "check",
  summary: "Check a config and print it with every default filled in",
  usage: "[-c FILE] [--against URL]",
  details:
    `Every problem is reported with file, line and column, and the exit code is 2. Certificates and keys are read
too. What has no effect where it is written, and a certificate that expires within 14 days, is a warning, and no
failure.`,
  arity: [0, 0],
  flags: [
    CONFIG_FLAG,
    ENGINE_FLAG,
    { name: "json", summary: "Print JSON instead of YAML" },
    {
      name: "against",
      value: "URL",
      summary: "Print what a reload to this config would do to the proxy whose admin API is there",
    },
    {
      name: "token-file",
      value: "FILE",
      summary: "The file of the token that the admin API of --against wants",
    },
    { name: "quiet", short: "q", summary: "Print nothing when all is well" },
  ],
  example: "tcpproxy check -c config.yaml --quiet && systemctl reload tcpproxy",
  run: checkConfig,
};

async function checkConfig(args: CommandArgs, io: Io): Promise<number> {
  const { config: loaded, document, source } = await readConfig(args.text("config"));
  const config = withEngine(loaded, args);
  const { findFileProblems } = await import("../../config/file_problems.ts");
  const findings = await findFileProblems(document, source, config);
  if (findings.report !== "") await io.report(findings.report);
  if (findings.hasErrors) return EXIT.usage;
  const { effectiveConfig, escapeAllReferences } = await import("../../../config/mod.ts");
  const effective = effectiveConfig(config);
  const against = args.text("against");
  if (against !== undefined) return await compare(effective, against, { args, io });
  if (args.on("quiet")) return EXIT.done;
  const written = escapeAllReferences(effective);
  if (args.on("json")) {
    await io.print(JSON.stringify(written, undefined, 2));
  } else {
    const { dump } = await import("js-yaml");
    await io.print(dump(written, { noRefs: true, lineWidth: -1 }).trimEnd());
  }
  return EXIT.done;
}

/** Asks a running proxy what a reload to this config would do to it. */
async function compare(
  effective: Record<string, unknown>,
  url: string,
  { args, io }: { readonly args: CommandArgs; readonly io: Io },
): Promise<number> {
  const [{ askAt }, { planText, problemText }] = await Promise.all([
    import("../../running/running_proxy.ts"),
    import("../../running/plan_text.ts"),
  ]);
  const running = await askAt({ command: "check", url, tokenFile: args.text("token-file") });
  const answer = await running.plan(effective);
  if (answer.kind === "refused") {
    await io.complain(
      answer.problems.map((problem) => `a reload would be refused: ${problemText(problem)}`).join("\n"),
    );
    return EXIT.failed;
  }
  if (args.on("quiet")) return EXIT.done;
  await io.print(args.on("json") ? JSON.stringify(answer.json, undefined, 2) : planText(answer));
  return EXIT.done;
}
