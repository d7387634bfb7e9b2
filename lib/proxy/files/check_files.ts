/**
 * What is wrong with a config that its text does not show: files that cannot be read or used, and texts that only the part
 * which uses them can judge.
 *
 * @module
 */
import type { Config, HealthCheckConfig, RouteConfig } from "../../config/mod.ts";
import { CheckTextError, parseCheckBytes, parseExpect, parseStatus, Probe } from "../../pool/mod.ts";
import { RouteError, RouteTable } from "../../routing/mod.ts";
import {
  checkAppTls,
  type CheckFilesOptions,
  fatal,
  type FileProblem,
  type Place,
  placeOf,
  within,
} from "./check_tls.ts";

/** Reads every file that a config names for TLS, and compiles what compiles; gives all problems, in the order of the apps. */
export async function checkFiles(config: Config, options: CheckFilesOptions = {}): Promise<FileProblem[]> {
  const problems: FileProblem[] = [];
  for (const [index, app] of config.apps.entries()) {
    const place = placeOf(app, index);
    problems.push(
      ...await checkAppTls(config, index, options),
      ...app.routes.flatMap((route, at) => checkRoute(route, within(place, "routes", at))),
      ...checkHealth(app.healthCheck, within(place, "health_check")),
    );
  }
  return problems;
}

/** Each pattern in a table of its own, so that each has its problem. */
function checkRoute({ sni, alpn }: RouteConfig, place: Place): FileProblem[] {
  return [
    ...sni.flatMap((name, at) =>
      compiles(within(place, "sni", at), () => new RouteTable([{ sni: [name], value: undefined }]))
    ),
    ...alpn.flatMap((protocol, at) =>
      compiles(within(place, "alpn", at), () => new RouteTable([{ alpn: [protocol], value: undefined }]))
    ),
  ];
}

function checkHealth(check: HealthCheckConfig | undefined, place: Place): FileProblem[] {
  if (check === undefined) return [];
  const { send, expect, http, timeoutMs } = check;
  const problems: FileProblem[] = [];
  if (send !== undefined) problems.push(...compiles(within(place, "send"), () => parseCheckBytes(send)));
  if (expect !== undefined) problems.push(...compiles(within(place, "expect"), () => parseExpect(expect)));
  if (http !== undefined) {
    const at = within(place, "http");
    const host = http.host === undefined ? {} : { host: http.host };
    problems.push(
      ...compiles(within(at, "status"), () => parseStatus(http.status)),
      ...compiles(at, () => new Probe({ timeoutMs, http: { path: http.path, status: ANY_STATUS, ...host } })),
    );
  }
  return problems;
}

/** For a probe that is never run. */
const ANY_STATUS = { first: 100, last: 599 } as const;

function compiles(place: Place, compile: () => unknown): FileProblem[] {
  try {
    compile();
    return [];
  } catch (error) {
    if (error instanceof RouteError || error instanceof CheckTextError) return [fatal(place, error.message)];
    throw error;
  }
}
