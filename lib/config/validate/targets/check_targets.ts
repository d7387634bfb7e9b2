/**
 * Checks targets, those of routes included, against each other and against the app's options.
 *
 * @module
 */

import { App, Defaults } from "../../schema/app/app.ts";
import { checkDiscovery, checkDiscoveryOptions } from "./check_discovery.ts";
import { checkTargetHealth } from "./check_health.ts";
import { asList, asMapping, isNone, parsed, type Raw } from "../raw.ts";
import { suggest } from "../../report/suggest.ts";
import type { Path, Problem } from "../../report/problem.ts";

/** The longest address that is looked at. */
const MAX_ADDRESS = 1024;

/** A list of targets, and where it is. */
interface TargetList {
  readonly targets: readonly unknown[];
  readonly path: Path;
}

/** Checks the targets of the app at a path. */
export function checkTargets(app: Raw, path: Path, defaults: Raw): Problem[] {
  const lists: TargetList[] = [
    { targets: asList(app.targets), path: [...path, "targets"] },
    ...asList(app.routes).map((route, index) => ({
      targets: asList(asMapping(route).targets),
      path: [...path, "routes", index, "targets"],
    })),
  ];
  return [
    ...checkPresence(app, path),
    ...lists.flatMap(({ targets, path }) =>
      targets.flatMap((target, index) => checkDiscovery(asMapping(target), [...path, index]))
    ),
    ...lists.flatMap(checkWeights),
    ...lists.flatMap((list) => checkOwnChecks(app, list, defaults)),
    ...checkReach(app, lists, defaults),
    ...checkPorts(app, lists),
    ...checkDiscoveryOptions(app, lists.flatMap(({ targets }) => targets), path),
  ];
}

function checkPresence(app: Raw, path: Path): Problem[] {
  const keys = Object.keys(app);
  if (keys.length === 0 || !isNone(app.routes) || !isNone(app.targets)) return [];
  if (app.targets !== undefined) {
    return [{ path: [...path, "targets"], message: "the value is empty; expected at least one target" }];
  }
  // A mistyped key is reported as what it is.
  const isMistyped = keys.some((key) => {
    const meant = Object.hasOwn(App.shape, key) ? undefined : suggest(key, Object.keys(App.shape));
    return meant === "targets" || meant === "routes";
  });
  return isMistyped ? [] : [{ path, message: `the key "targets" is missing; expected a list of targets` }];
}

function checkWeights({ targets, path }: TargetList): Problem[] {
  const isIdle = (target: unknown): boolean => asMapping(target).weight === 0;
  if (targets.length === 0 || !targets.every(isIdle)) return [];
  return [{
    path,
    message: `every weight is 0 and no target would get a connection; set at least one above 0`,
  }];
}

/** Targets that health checks, or TLS, could not reach or name. */
function checkReach(app: Raw, lists: readonly TargetList[], defaults: Raw): Problem[] {
  const tls = parsed(Defaults.shape.target_tls, app.target_tls ?? defaults.target_tls) ?? "off";
  const needsName = tls !== "off" && tls.verify && tls.server_name === undefined;
  const appCheck = app.health_check ?? defaults.health_check;
  const problems: Problem[] = [];
  for (const { targets, path } of lists) {
    for (const [index, target] of targets.entries()) {
      const [text, at] = addressOf(target, [...path, index]);
      if (text?.endsWith(":*") && needsPort(asMapping(target).health_check, appCheck)) {
        const message = `the port of "${text}" is the client's, which a health check has not; ` +
          `give "port" in "health_check"`;
        problems.push({ path: at, message });
      }
      if (needsName && text?.startsWith("unix:")) {
        const message = `the address "${text}" has no name to verify; set "server_name" in "target_tls"`;
        problems.push({ path: at, message });
      }
    }
  }
  return problems;
}

/** Whether a target is checked on a port that only its address can give. */
function needsPort(own: unknown, app: unknown): boolean {
  if (own === "off" || own === false) return false;
  const check = parsed(Defaults.shape.health_check, own ?? app ?? "off");
  const appCheck = parsed(Defaults.shape.health_check, app ?? "off");
  const hasPort = (one: typeof check): boolean =>
    one !== undefined && one !== "off" && one.port !== undefined;
  if (own === undefined) return check !== undefined && check !== "off" && !hasPort(check);
  return check !== undefined && !hasPort(check) && !hasPort(appCheck);
}

/** The check settings of targets. */
function checkOwnChecks(app: Raw, { targets, path }: TargetList, defaults: Raw): Problem[] {
  const appCheck = asMapping(app.health_check ?? defaults.health_check);
  return targets.flatMap((target, index) => {
    const own = asMapping(asMapping(target).health_check);
    return checkTargetHealth(own, appCheck, [...path, index, "health_check"]);
  });
}

/** The client's port as the target's, where clients come to none. */
function checkPorts(app: Raw, lists: readonly TargetList[]): Problem[] {
  const socket = asList(app.listen).find((address) =>
    typeof address === "string" && address.startsWith("unix:")
  );
  if (typeof socket !== "string") return [];
  return lists.flatMap(({ targets, path }) =>
    targets.flatMap((target, index): Problem[] => {
      const [text, at] = addressOf(target, [...path, index]);
      if (text?.endsWith(":*") !== true) return [];
      const message = `the port of "${text}" is the client's, and those of "${socket}" have none; ` +
        `give a port, or move the socket to an app of its own`;
      return [{ path: at, message }];
    })
  );
}

/** A target's address as it is written, unless it is too long to look at, and where it is. */
function addressOf(target: unknown, path: Path): [text: string | undefined, at: Path] {
  const isText = typeof target === "string";
  const text = isText ? target : asMapping(target).address;
  const isShort = typeof text === "string" && text.length <= MAX_ADDRESS;
  return [isShort ? text : undefined, isText ? path : [...path, "address"]];
}
