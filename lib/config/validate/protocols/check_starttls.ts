import { Defaults } from "../../schema/app/app.ts";
import { asMapping, isNone, parsed, type Raw } from "../raw.ts";
import type { Path, Problem } from "../../report/problem.ts";

/** Checks that an app's `starttls` has TLS to begin. */
export function checkStarttls(app: Raw, path: Path, defaults: Raw): Problem[] {
  const starttls = parsed(Defaults.shape.starttls, app.starttls) ?? "off";
  if (starttls === "off") return [];
  const isSet = (key: "tls" | "target_tls"): boolean => {
    const value = app[key] ?? defaults[key];
    return value !== undefined && value !== "off" && value !== false;
  };
  if (!isSet("tls") && !isSet("target_tls") && isNone(app.routes)) {
    const message =
      `the app has no TLS to begin: add "tls" (end it here), "target_tls" (begin it with targets) or ` +
      `"routes" (pass it on by server name)`;
    return [{ path: [...path, "starttls"], at: "key", message }];
  }
  if (starttls.protocol === "mysql") return checkMysql(app, path, defaults);
  if (starttls.plain === "allow" && starttls.protocol !== "postgres") {
    const message =
      `clients of ${starttls.protocol} are greeted by the proxy itself and cannot go on without TLS: ` +
      `leave "plain" out, or give clients without TLS another port`;
    return [{ path: [...path, "starttls", "plain"], message }];
  }
  return [];
}

function checkMysql(app: Raw, path: Path, defaults: Raw): Problem[] {
  const problems: Problem[] = [];
  if (!isNone(app.routes)) {
    const message =
      `a MySQL server speaks before its client names a server, so "routes" cannot choose one: use ` +
      `"targets", in an app for each server`;
    problems.push({ path: [...path, "routes"], at: "key", message });
  }
  const check = asMapping(app.health_check ?? defaults.health_check);
  if (check.tls === true && check.port === undefined) {
    const message =
      `TLS begins in a login, and servers block hosts that leave it unfinished: leave "tls" out and use ` +
      `"type: mysql"`;
    const at = app.health_check === undefined ? ["starttls"] : ["health_check", "tls"];
    problems.push({ path: [...path, ...at], message });
  }
  return problems;
}
