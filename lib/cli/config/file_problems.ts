import {
  type Config,
  type ConfigDocument,
  type ConfigError,
  engineOf,
  formatPath,
  type LogServerConfig,
  type Problem,
  socketsOf,
  tcpInfoKey,
} from "../../config/mod.ts";
import { checkFiles, type FileProblem, openSecret } from "../../proxy/mod.ts";
import { logFileProblem } from "../../log/mod.ts";
import type { ConfigSource } from "./find_config.ts";

/** Findings about a config that its schema accepts. */
export interface FileFindings {
  /** Whether the proxy can run with them. */
  readonly isFatal: boolean;
  /** Whether an operator should change something before the config is used. */
  readonly hasErrors: boolean;
  /** All problems as a report with places, ready to print; empty for none. */
  readonly report: string;
  /** All problems, each on one line. */
  readonly lines: readonly string[];
}

/** A problem for display, whichever file of the config it is in. */
type Finding = Pick<FileProblem, "path" | "message" | "severity" | "isFatal"> & Pick<Problem, "at" | "file">;

/** How a problem begins that is no error. */
const WARNING = "warning: ";

const NOTHING: FileFindings = { isFatal: false, hasErrors: false, report: "", lines: [] };

/**
 * Reads the files that a config names, judges what its schema cannot, and says what has no effect.
 *
 * @param config the config as it will run; default the document's, which flags may have changed.
 */
export async function findFileProblems(
  document: ConfigDocument,
  source: ConfigSource,
  config: Config = document.config,
): Promise<FileFindings> {
  const problems: Finding[] = [
    ...await checkToken(config),
    ...await checkLog(config),
    ...await checkOtel(config),
    ...checkTcpInfo(config),
    ...(await checkFiles(config)).map(placed),
    ...document.warnings().map((each): Finding => ({ ...each, severity: "warning", isFatal: false })),
  ];
  if (problems.length === 0) return NOTHING;
  const error = document.errorFor(problems.map(({ path, at, file, message, severity }) => ({
    path,
    ...(at === undefined ? {} : { at }),
    ...(file === undefined ? {} : { file }),
    message: severity === "warning" ? `${WARNING}${message}` : message,
  })));
  const file = nameOf(source);
  return {
    isFatal: problems.some(({ isFatal }) => isFatal),
    hasErrors: problems.some(({ severity }) => severity === "error"),
    report: error.message,
    lines: problemLines(file, error),
  };
}

/** The problem of a file at its place in the config: there a file is the one that is named, here the one that names it. */
function placed({ path, at, message, severity, isFatal }: FileProblem): Finding {
  return { path, ...(at === undefined ? {} : { at }), message, severity, isFatal };
}

function nameOf(source: ConfigSource): string {
  if (source.kind === "sealed") return source.config.origin;
  return source.kind === "file" ? source.path : "config.yaml";
}

/** Looks at where the logs are to go, and changes nothing there. */
async function checkLog({ log: { access, destination } }: Config): Promise<Finding[]> {
  const problems = await Promise.all([
    ...typeof access === "object" ? [checkServer("access", access)] : [],
    ...destination === undefined ? [] : [checkServer("destination", destination)],
  ]);
  const message = typeof access === "string" ? await logFileProblem(access) : undefined;
  if (message === undefined) return problems.flat();
  return [{ path: ["log", "access"], message, severity: "error", isFatal: true }, ...problems.flat()];
}

/** A server that is not there yet is waited for; what can never be sent to is an error. */
async function checkServer(key: string, config: LogServerConfig): Promise<Finding[]> {
  const { logServerProblem } = await import("../../logsink/mod.ts");
  const found = await logServerProblem(config);
  if (found === undefined) return [];
  const { message, isFatal } = found;
  return [{
    path: ["log", key, config.server.kind === "journal" ? "journal" : "syslog"],
    message,
    severity: isFatal ? "error" : "warning",
    isFatal,
  }];
}

/** Says so where the runtime, this one at least, exports nothing. */
async function checkOtel({ otel }: Config): Promise<Finding[]> {
  if (otel === undefined) return [];
  const [{ telemetryApi }, { NOT_EXPORTING }] = await Promise.all([
    import("../../otel/mod.ts"),
    import("../run/telemetry.ts"),
  ]);
  if (telemetryApi("") !== undefined) return [];
  return [{ path: ["otel"], message: NOT_EXPORTING, severity: "warning", isFatal: false }];
}

/** What the access log shows of the kernel's measures, only native sockets have. */
function checkTcpInfo(config: Config): Finding[] {
  const key = tcpInfoKey(config);
  if (key === undefined || engineOf(config) === "native") return [];
  const remedy = key === "format" ? "remove the fields with _rtt_ms and _retransmits" : `remove "${key}"`;
  const message = `${
    socketsOf(config)
  } measure nothing; set "engine: native" at the top of the config, or ${remedy}`;
  return [{ path: ["log", key], message, severity: "error", isFatal: true }];
}

/** Each problem of a config on one line, with its place. */
export function problemLines(file: string, { problems }: ConfigError): string[] {
  return problems.map(({ file: own = file, path, message, line, column }) => {
    const place = line === undefined ? own : `${own}:${line}:${column}`;
    return `${place}: ${path.length === 0 ? "" : `${formatPath(path)}: `}${message.replace(WARNING, "")}`;
  });
}

/** Reads the token of the admin API, where the config has one. */
async function checkToken({ admin }: Config): Promise<Finding[]> {
  if (admin?.tokenFile === undefined) return [];
  const { readToken, TokenError } = await import("../../admin/mod.ts");
  try {
    await readToken(admin.tokenFile);
    const problems = await openSecret(admin.tokenFile, { app: "", path: ["admin", "token_file"] }, "token");
    return problems.map(placed);
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    return [{
      path: ["admin", "token_file"],
      message: error.message,
      severity: "error",
      isFatal: true,
    }];
  }
}
