import type { ImportFormat, Note, Translation } from "../../../import/mod.ts";
import { type Command, type CommandArgs, UsageError } from "../../command.ts";
import { EXIT } from "../../exit_code.ts";
import type { Io } from "../../io.ts";

/** `tcpproxy import`: another proxy's config as one of ours. */
export const importConfig: Command = {
  name: "import",
  summary: "Translate a config of HAProxy (TCP mode) or nginx (stream)",
  usage: "FILE [--from haproxy|nginx] [--strict]",
  details:
    `Prints the config; what of FILE could not be translated, or is different, is named on stderr with its line and what
to do. FILE - is standard input. Nothing that FILE names is read: certificates and included files stay where they are.
The exit code is 1 when no app came of it, when "tcpproxy check" would refuse what came of it, and with --strict when
something was left out; 2 when FILE cannot be read or is not recognized.`,
  arity: [1, 1],
  flags: [
    {
      name: "from",
      value: "PROGRAM",
      summary: "Whose config it is; default: as it looks",
      choices: ["haproxy", "nginx"],
    },
    { name: "strict", summary: "Fail if anything was left out" },
    { name: "json", summary: "Print JSON: the config, and what was left out or is different" },
  ],
  example: `tcpproxy import /etc/haproxy/haproxy.cfg > config.yaml && tcpproxy check
tcpproxy import --from nginx /etc/nginx/nginx.conf --strict > config.yaml`,
  run: runImport,
};

async function runImport(args: CommandArgs, io: Io): Promise<number> {
  const [path = ""] = args.positionals;
  const [{ translate }, { parseConfig, readBounded }] = await Promise.all([
    import("../../../import/mod.ts"),
    import("../../../config/mod.ts"),
  ]);
  const { text } = await readBounded(path);
  const file = path === "-" ? "stdin" : path.replace(/^.*[/\\]/, "");
  const format = await formatOf(text, { given: args.text("from"), path });
  const translation = translate(text, { format, file });
  const problems = translation.apps === 0 ? [] : await problemsOf(translation.yaml, parseConfig);
  if (args.on("json")) await io.print(JSON.stringify(asJson(translation, format), undefined, 2));
  else if (translation.apps > 0) await io.print(translation.yaml.trimEnd());
  const report = [
    ...translation.notes.map((note) => noteLine(note, path)),
    ...problems.map((problem) => `${path}: the result has to be edited: ${problem}`),
    summary(translation, path),
  ];
  await io.report(report.join("\n"));
  const isComplete = translation.notes.every(({ kind }) => kind !== "left_out");
  const isUsable = translation.apps > 0 && problems.length === 0;
  return isUsable && (isComplete || !args.on("strict")) ? EXIT.done : EXIT.failed;
}

async function formatOf(
  text: string,
  { given, path }: { readonly given: string | undefined; readonly path: string },
): Promise<ImportFormat> {
  const { detectFormat, IMPORT_FORMATS } = await import("../../../import/mod.ts");
  if (given !== undefined) {
    const format = IMPORT_FORMATS.find((format) => format === given);
    if (format !== undefined) return format;
    throw new UsageError(`import: --from is "${given}"; expected ${IMPORT_FORMATS.join(" or ")}`);
  }
  const format = detectFormat(text);
  if (format !== undefined) return format;
  throw new UsageError(
    `import: "${path}" looks like a config of neither HAProxy nor nginx; say which it is with --from`,
  );
}

/** What `tcpproxy check` would say against the result, but for the files that it names. */
async function problemsOf(
  yaml: string,
  parseConfig: typeof import("../../../config/mod.ts").parseConfig,
): Promise<string[]> {
  try {
    await parseConfig(withoutVariables(yaml), { file: "config.yaml" });
    return [];
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "ConfigError") throw error;
    return error.message.split("\n").filter((line) => line.startsWith("config.yaml:"));
  }
}

/** What the original takes from the environment may not be set here: the defaults, else a host or a number, stand for it. */
function withoutVariables(yaml: string): string {
  return yaml.replaceAll(/(?<!\$)\$\{\w+:-([^}]*)\}/g, "$1")
    .replaceAll(/(?<!\$)\$\{\w+\}(?=:)/g, "localhost").replaceAll(/(?<!\$)\$\{\w+\}/g, "1");
}

function noteLine({ line, kind, text }: Note, path: string): string {
  return `${path}:${line}: ${kind === "left_out" ? "left out: " : "note: "}${text}`;
}

function summary({ apps, notes }: Translation, path: string): string {
  if (apps === 0) return `${path}: no app could be made of it`;
  const leftOut = notes.filter(({ kind }) => kind === "left_out").length;
  const changed = notes.length - leftOut;
  return `${path}: ${count(apps, "app")}; ${count(leftOut, "thing")} left out, ${count(changed, "note")}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

function asJson({ yaml, apps, notes }: Translation, format: ImportFormat): Record<string, unknown> {
  return { format, apps, config: yaml, notes: notes.map(({ line, kind, text }) => ({ line, kind, text })) };
}
