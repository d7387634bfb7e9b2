/**
 * Finds faults of a config that its text does not show: files that cannot be read or used, and texts that only the part
 * which uses them can judge.
 *
 * @module
 */
import {
  type AppConfig,
  type CheckStepConfig,
  type Config,
  type HealthCheckConfig,
  type RouteConfig,
  type TargetConfig,
  unsupportedKeys,
} from "../../config/parsed.ts";
import { checkRequest, CheckTextError, parseCheckBytes, parseExpect, parseStatus } from "../../pool/mod.ts";
import { RouteError, RouteTable } from "../../routing/mod.ts";
import {
  checkAppTls,
  type CheckFilesOptions,
  fatal,
  type FileProblem,
  openSecret,
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
      ...unsupportedKeys(app, config).map(({ key, message }) => ({
        ...fatal(within(place, key), message),
        at: "key" as const,
      })),
      ...await checkAppTls(config, index, options),
      ...app.discovery.tokenFile === undefined
        ? []
        : await openSecret(app.discovery.tokenFile, within(place, "discovery", "token_file"), "token"),
      ...app.routes.flatMap((route, at) => checkRoute(route, within(place, "routes", at))),
      ...checkHealth(app.healthCheck, within(place, "health_check")),
      ...checkOwnHealth(app.targets, app, within(place, "targets")),
      ...app.routes.flatMap((route, at) =>
        checkOwnHealth(route.targets, app, within(place, "routes", at, "targets"))
      ),
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

/** The checks of targets that have others than their app. */
function checkOwnHealth(targets: readonly TargetConfig[], app: AppConfig, place: Place): FileProblem[] {
  return targets.flatMap(({ healthCheck }, at) =>
    healthCheck === app.healthCheck ? [] : checkHealth(healthCheck, within(place, at, "health_check"))
  );
}

function checkHealth(check: HealthCheckConfig | undefined, place: Place): FileProblem[] {
  if (check === undefined) return [];
  const { steps = [], http } = check;
  return [
    ...checkStep(check, place),
    ...steps.flatMap((step, at) => checkStep(step, within(place, "steps", at))),
    ...(http === undefined ? [] : [
      ...compiles(within(place, "http", "status"), () => parseStatus(http.status)),
      ...compiles(within(place, "http"), () => checkRequest(http.path, http.host ?? "localhost")),
    ]),
  ];
}

function checkStep({ send, expect, expectNot }: CheckStepConfig, place: Place): FileProblem[] {
  return [
    ...(send === undefined ? [] : compiles(within(place, "send"), () => parseCheckBytes(send))),
    ...(expect === undefined ? [] : compiles(within(place, "expect"), () => parseExpect(expect))),
    ...(expectNot === undefined ? [] : compiles(within(place, "expect_not"), () => parseExpect(expectNot))),
  ];
}

function compiles(place: Place, compile: () => unknown): FileProblem[] {
  try {
    compile();
    return [];
  } catch (error) {
    if (error instanceof RouteError || error instanceof CheckTextError) return [fatal(place, error.message)];
    throw error;
  }
}
