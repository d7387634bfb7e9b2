/**
 * What is wrong with a config that its text does not show: files that cannot be read or used, and texts that only the part
 * which uses them can judge.
 *
 * @module
 */
import { errorCode, errorMessage } from "../base/mod.ts";
import type { AppConfig, Config, HealthCheckConfig, Path, RouteConfig } from "../config/mod.ts";
import { CheckTextError, parseCheckBytes, parseExpect, parseStatus, Probe } from "../pool/mod.ts";
import { RouteError, RouteTable } from "../routing/mod.ts";
import { type CertificateProblem, checkAuthorities, checkCertificate, isTlsSupported } from "../tls/mod.ts";

/** One thing that is wrong, or will be. */
export interface FileProblem {
  /** The way to the value in the config, `apps[0].tls.certificates[0].cert`. */
  readonly path: Path;
  /** What is, and what was wanted. */
  readonly message: string;
  /** A `warning` is about something that works for now. */
  readonly severity: "error" | "warning";
  /** Whether the proxy cannot run with it. An expired certificate is an error, and can still be served. */
  readonly isFatal: boolean;
}

/** Against what certificates are checked. */
export interface CheckFilesOptions {
  /** Milliseconds since 1970. Default now. */
  readonly nowMs?: number;
}

/** Reads every file that a config names for TLS, and compiles what compiles; gives all problems, in the order of the apps. */
export async function checkFiles(config: Config, options: CheckFilesOptions = {}): Promise<FileProblem[]> {
  const problems: FileProblem[] = [];
  for (const [index, app] of config.apps.entries()) {
    const path = ["apps", index];
    problems.push(
      ...await checkTls(app, path, options),
      ...await checkTargetTls(app, path, options),
      ...app.routes.flatMap((route, at) => checkRoute(route, [...path, "routes", at])),
      ...checkHealth(app.healthCheck, [...path, "health_check"]),
    );
  }
  return problems;
}

async function checkTls({ tls }: AppConfig, app: Path, options: CheckFilesOptions): Promise<FileProblem[]> {
  if (tls === undefined) return [];
  const path = [...app, "tls"];
  const problems = checkRuntime(path);
  for (const [index, files] of tls.certificates.entries()) {
    problems.push(...await checkPair(files, [...path, "certificates", index], options));
  }
  problems.push(...await checkCa(tls.clientCa, [...path, "client_ca"], options));
  return problems;
}

async function checkTargetTls(
  { targetTls }: AppConfig,
  app: Path,
  options: CheckFilesOptions,
): Promise<FileProblem[]> {
  if (targetTls === undefined) return [];
  const path = [...app, "target_tls"];
  const { ca, cert, key } = targetTls;
  return [
    ...checkRuntime(path),
    ...await checkCa(ca, [...path, "ca"], options),
    ...cert === undefined || key === undefined ? [] : await checkPair({ cert, key }, path, options),
  ];
}

function checkRuntime(path: Path): FileProblem[] {
  if (isTlsSupported()) return [];
  const message = `this runtime is Deno ${Deno.version.deno}, which cannot do TLS, 2.9 or newer was wanted`;
  return [fatal(path, message)];
}

async function checkPair(
  files: { readonly cert: string; readonly key: string },
  path: Path,
  options: CheckFilesOptions,
): Promise<FileProblem[]> {
  const places = { certificate: [...path, "cert"], key: [...path, "key"] };
  const cert = await readPem(files.cert, places.certificate);
  const key = await readPem(files.key, places.key);
  const unread = [cert, key].flatMap(({ problem }) => problem ?? []);
  const found = await checkCertificate(cert.text ?? "", key.text ?? "", options);
  // What was not read has its problem already; without one of the two the other is looked at alone.
  const known = { certificate: cert.text !== undefined, key: key.text !== undefined };
  const shown = found.filter(({ about }) => known[about]);
  return [...unread, ...shown.map((problem) => fromTls(problem, places[problem.about]))];
}

async function checkCa(
  file: string | undefined,
  path: Path,
  options: CheckFilesOptions,
): Promise<FileProblem[]> {
  if (file === undefined) return [];
  const { text, problem } = await readPem(file, path);
  if (text === undefined) return problem === undefined ? [] : [problem];
  return (await checkAuthorities(text, options)).map((each) => fromTls(each, path));
}

function fromTls({ severity, message, isAboutTime }: CertificateProblem, path: Path): FileProblem {
  return { path, message, severity, isFatal: severity === "error" && !isAboutTime };
}

interface Pem {
  readonly text?: string;
  readonly problem?: FileProblem;
}

async function readPem(file: string, path: Path): Promise<Pem> {
  try {
    return { text: await Deno.readTextFile(file) };
  } catch (error) {
    return { problem: fatal(path, `the file "${file}" ${unreadable(error)}`) };
  }
}

function unreadable(error: unknown): string {
  switch (errorCode(error)) {
    case "ENOENT":
      return "does not exist, a file in PEM was wanted";
    case "EISDIR":
      return "is a directory, a file in PEM was wanted";
    case "EACCES":
      return "is not readable for this user, read permission was wanted";
    case "NOT_CAPABLE":
      return "may not be read, the flag --allow-read was wanted";
    default:
      return `cannot be read (${errorMessage(error)}), a file in PEM was wanted`;
  }
}

/** Each pattern in a table of its own, so that each has its problem. */
function checkRoute({ sni, alpn }: RouteConfig, path: Path): FileProblem[] {
  return [
    ...sni.flatMap((name, at) =>
      compiles([...path, "sni", at], () => new RouteTable([{ sni: [name], value: undefined }]))
    ),
    ...alpn.flatMap((protocol, at) =>
      compiles([...path, "alpn", at], () => new RouteTable([{ alpn: [protocol], value: undefined }]))
    ),
  ];
}

function checkHealth(check: HealthCheckConfig | undefined, path: Path): FileProblem[] {
  if (check === undefined) return [];
  const { send, expect, http, timeoutMs } = check;
  const problems: FileProblem[] = [];
  if (send !== undefined) problems.push(...compiles([...path, "send"], () => parseCheckBytes(send)));
  if (expect !== undefined) problems.push(...compiles([...path, "expect"], () => parseExpect(expect)));
  if (http !== undefined) {
    const at = [...path, "http"];
    const host = http.host === undefined ? {} : { host: http.host };
    problems.push(
      ...compiles([...at, "status"], () => parseStatus(http.status)),
      ...compiles(at, () => new Probe({ timeoutMs, http: { path: http.path, status: ANY_STATUS, ...host } })),
    );
  }
  return problems;
}

/** For a probe that is never run. */
const ANY_STATUS = { first: 100, last: 599 } as const;

function compiles(path: Path, compile: () => unknown): FileProblem[] {
  try {
    compile();
    return [];
  } catch (error) {
    if (error instanceof RouteError || error instanceof CheckTextError) return [fatal(path, error.message)];
    throw error;
  }
}

function fatal(path: Path, message: string): FileProblem {
  return { path, message, severity: "error", isFatal: true };
}
