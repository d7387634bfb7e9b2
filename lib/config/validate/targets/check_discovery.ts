/**
 * What an entry of `targets` with `discover` may look up, and what of `dns` and `discovery` has a use.
 *
 * @module
 */

import { parseIp } from "../../../base/mod.ts";
import { TargetMapping } from "../../schema/app/target.ts";
import { isServiceName } from "../../schema/values/texts.ts";
import { asMapping, parsed, type Raw } from "../raw.ts";
import type { Path, Problem } from "../../report/problem.ts";

/** The longest address that is looked at. */
const MAX_ADDRESS = 1024;

/** Checks what may be looked up, and what comes from there. */
export function checkDiscovery(target: Raw, path: Path): Problem[] {
  const { address, discover } = target;
  if (typeof address !== "string" || address.length > MAX_ADDRESS) return [];
  const at = [...path, "address"];
  switch (discover) {
    case undefined:
      return checkPlain(address, at);
    case "dns":
      return checkName(address, at);
    case "srv":
      return checkService(target, path, address);
    case "http":
      return checkUrl(address, at);
    case "file":
      return checkFile(address, at);
    default:
      return [];
  }
}

/** Checks that something uses what the app says of discovery. What is in `defaults` is for any app. */
export function checkDiscoveryOptions(app: Raw, targets: readonly unknown[], path: Path): Problem[] {
  const kinds = new Set(targets.map((target) => asMapping(target).discover));
  const problem = (at: Path, message: string): Problem => ({ path: [...path, ...at], at: "key", message });
  if (app.dns !== undefined && !kinds.has("dns") && !kinds.has("srv")) {
    return [problem(["dns"], `no target is looked up; add "discover: dns" or "srv" to one, or remove this`)];
  }
  if (app.discovery === undefined) return [];
  if (![...kinds].some((kind) => kind !== undefined)) {
    return [problem(["discovery"], `no target is discovered; add "discover" to one, or remove this`)];
  }
  const { ca, token_file: tokenFile } = asMapping(app.discovery);
  return ([["ca", ca], ["token_file", tokenFile]] as const).flatMap(([key, value]) =>
    value === undefined || kinds.has("http")
      ? []
      : [problem(["discovery", key], `no target has "discover: http", for which this is; remove it`)]
  );
}

function checkPlain(address: string, at: Path): Problem[] {
  if (address.includes("/") && !address.startsWith("unix:")) {
    const message = isUrl(address)
      ? `the address "${address}" is a URL; expected ${
        hostOf(address)
      }, or add "discover: http" for the targets that it lists`
      : `the address "${address}" is no "host:port"; add "discover: file" for the targets that it lists`;
    return [{ path: at, message }];
  }
  if (address.includes(":")) return [];
  const message = isServiceName(address)
    ? `the address "${address}" is the name of a service; add "discover: srv"`
    : /\.(?:json|ya?ml)$/.test(address)
    ? `the address "${address}" is no "host:port"; add "discover: file"`
    : `the address "${address}" has no port; expected "host:port"`;
  return [{ path: at, message }];
}

function checkService(target: Raw, path: Path, address: string): Problem[] {
  const problems: Problem[] = [];
  if (!isServiceName(address)) {
    const message =
      `the address "${address}" is no service; expected a name without a port, such as "_pg._tcp.db.internal"`;
    problems.push({ path: [...path, "address"], message });
  }
  for (const key of ["weight", "backup"]) {
    if (target[key] === undefined) continue;
    const message = `the SRV records say that of each target; remove "${key}"`;
    problems.push({ path: [...path, key], at: "key", message });
  }
  return problems;
}

function checkName(address: string, path: Path): Problem[] {
  const wanted = `a name and a port such as "db.internal:5432"`;
  if (address.includes("/") && !address.startsWith("unix:")) {
    return [{ path, message: `the address "${address}" cannot be looked up; expected ${wanted}` }];
  }
  if (!address.includes(":")) {
    return [{ path, message: `the address "${address}" has no port; expected "host:port"` }];
  }
  const target = parsed(TargetMapping.shape.address, address);
  if (target === undefined) return [];
  if (target.kind === "unix") {
    return [{ path, message: `the address "${address}" cannot be looked up; expected ${wanted}` }];
  }
  if (parseIp(target.host) !== undefined) {
    return [{ path, message: `the host "${target.host}" is an IP address already; expected ${wanted}` }];
  }
  if (target.kind === "same_port") {
    return [{ path, message: `the address "${address}" has no port of its own; expected ${wanted}` }];
  }
  return [];
}

/** What is meant by a URL where an address is expected. */
function hostOf(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || url.hostname === "") return `"host:port"`;
  const port = url.port === "" ? { "http:": "80", "https:": "443" }[url.protocol] ?? "port" : url.port;
  return `"${url.hostname}:${port}"`;
}

function isUrl(address: string): boolean {
  return /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(address);
}

function checkUrl(address: string, path: Path): Problem[] {
  const fault = faultOfUrl(address);
  const wanted = `expected a URL such as "https://inventory.internal/targets"`;
  return fault === undefined ? [] : [{ path, message: `the address "${address}" ${fault}; ${wanted}` }];
}

function faultOfUrl(address: string): string | undefined {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return "is no http or https URL";
  if (url.username + url.password !== "") return `has a password, which logs would show (use "token_file")`;
  if (url.hash !== "") return "has a fragment, which servers never see";
  return undefined;
}

function checkFile(address: string, path: Path): Problem[] {
  if (isUrl(address)) {
    return [{
      path,
      message: `the address "${address}" is a URL; expected the path of a file, or "discover: http"`,
    }];
  }
  const isOther = address.startsWith("unix:") || (address.includes(":") && !address.includes("/"));
  if (!isOther) return [];
  const message =
    `the address "${address}" is no path of a file; expected one such as "targets.json", or "./${address}"`;
  return [{ path, message }];
}
