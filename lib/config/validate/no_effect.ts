/**
 * Finds settings without effect in their app: harmless, but their author expects otherwise. A value equal to
 * the built-in default is never reported, nor is anything in `defaults`, which serve apps of all kinds.
 *
 * @module
 */

import { formatDuration } from "../../base/mod.ts";
import { BUILT_IN_APP_OPTIONS, Defaults } from "../schema/app/app.ts";
import { acceptsHeader, hasClientAddresses, shutOut } from "./check_access.ts";
import { idleSockets } from "./check_sockets.ts";
import { idleProtocols } from "./protocols/check_protocols.ts";
import { HashKey } from "../schema/app/hash_key.ts";
import { idleProxyProtocol } from "./protocols/check_proxy_protocol.ts";
import { ProxyProtocol } from "../schema/app/proxy_protocol.ts";
import type { Assembly } from "../include/assembly.ts";
import { asList, asMapping, isNone, parsed, type Raw } from "./raw.ts";
import type { Path, Problem } from "../report/problem.ts";

/** Finds what has no effect in a config that has no other problem. */
export function findIdle({ root, apps }: Assembly): Problem[] {
  const ofApps = apps.flatMap(({ app, path, defaults, file }) => {
    const problems: Problem[] = [
      ...idleBlocks(app, path, defaults),
      ...idleByAddress(app, path, defaults),
      ...idleHashKey(app, path, defaults),
      ...idleHeaderTimeout(app, path),
      ...idleProxyProtocol(app, path, defaults),
      ...idleProtocols(app, path, defaults),
      ...idleHelloTimeout(app, path, defaults),
      ...doubleTls(app, path, defaults),
      ...idleTargetDown(app, path, defaults),
      ...idleRetry(app, path, defaults),
      ...idleSockets(app, path),
    ];
    return file === undefined ? problems : problems.map((problem) => ({ ...problem, file }));
  });
  return [...idleLog(asMapping(root.log)), ...ofApps];
}

function idleLog({ access, access_interval: interval, tcp_info: tcpInfo }: Raw): Problem[] {
  if (access !== false && access !== "off") return [];
  const message = `there is no access log: remove it, or set "access"`;
  const idle = [
    ...interval === undefined || interval === false || interval === "off" ? [] : ["access_interval"],
    ...tcpInfo === true ? ["tcp_info"] : [],
  ];
  return idle.map((key) => ({ path: ["log", key], at: "key", message }));
}

/** Entries of `allow` that are kept out; of a list of which all are, no client would come in, and that is refused. */
function idleBlocks(app: Raw, path: Path, defaults: Raw): Problem[] {
  if (app.allow === undefined || !hasClientAddresses(app, defaults)) return [];
  return (shutOut(app, defaults) ?? []).flatMap((isShut, index) => {
    const message = `"deny" keeps out all of it, and wins; remove it, or narrow "deny"`;
    return isShut ? [{ path: [...path, "allow", index], message }] : [];
  });
}

/** Settings that use the client's address. */
const BY_ADDRESS = ["allow", "deny", "max_connections_per_client", "accept_rate_per_client"] as const;

function idleByAddress(app: Raw, path: Path, defaults: Raw): Problem[] {
  if (hasClientAddresses(app, defaults)) return [];
  const problems: Problem[] = BY_ADDRESS.filter((key) => isSaid(app, key)).map((key) => {
    const message =
      `it makes no difference, because clients of unix sockets have no address: add a listener on a port, ` +
      `or "accept: required" in "proxy_protocol"`;
    return { path: [...path, key], at: "key", message };
  });
  const hashKey = parsed(HashKey, app.hash_key ?? defaults.hash_key) ?? "client";
  const isByAddress = hashKey === "client" || (typeof hashKey === "object" && hashKey.subnet !== undefined);
  if (app.balance !== "source_hash" || !isByAddress) return problems;
  const message = `all clients go to one target, as those of unix sockets have no address; ` +
    `choose another strategy`;
  return [...problems, { path: [...path, "balance"], message }];
}

/** A key that no target is chosen by, or that no connection has. */
function idleHashKey(app: Raw, path: Path, defaults: Raw): Problem[] {
  const hashKey = parsed(HashKey, app.hash_key);
  if (hashKey === undefined || hashKey === "client") return [];
  const at: Path = [...path, "hash_key"];
  if ((app.balance ?? defaults.balance) !== "source_hash") {
    return [{ path: at, at: "key", message: `targets are not chosen by it: add "balance: source_hash"` }];
  }
  const isReceived = acceptsHeader(app.proxy_protocol ?? defaults.proxy_protocol);
  if (typeof hashKey === "string" || hashKey.tlv === undefined || isReceived) return [];
  const message = `no header is received: add "accept: required" or "accept: optional" to "proxy_protocol"`;
  return [{ path: at, at: "key", message }];
}

function idleHeaderTimeout(app: Raw, path: Path): Problem[] {
  const ms = parsed(ProxyProtocol.shape.timeout, asMapping(app.proxy_protocol).timeout);
  if (
    acceptsHeader(app.proxy_protocol) || ms === undefined ||
    ms === BUILT_IN_APP_OPTIONS.proxy_protocol.timeout
  ) {
    return [];
  }
  const message = `no header is waited for: add "accept: required" or "accept: optional"`;
  return [{ path: [...path, "proxy_protocol", "timeout"], at: "key", message }];
}

function idleHelloTimeout(app: Raw, path: Path, defaults: Raw): Problem[] {
  const isUsed = looksAtHello(app, defaults) && !isOn(app.tls ?? defaults.tls);
  if (isUsed || !isSaid(app, "client_hello_timeout")) return [];
  const message = isOn(app.tls ?? defaults.tls)
    ? `TLS ends here: use "handshake_timeout" in "tls"`
    : `the client's hello is not looked at: add "routes"`;
  return [{ path: [...path, "client_hello_timeout"], at: "key", message }];
}

/** Whether something wants to know what the client's hello says. */
function looksAtHello(app: Raw, defaults: Raw): boolean {
  const { tlvs } = asMapping(app.proxy_protocol ?? defaults.proxy_protocol);
  return !isNone(app.routes) || asMapping(tlvs).authority === true ||
    (app.hash_key ?? defaults.hash_key) === "sni";
}

/** TLS that is passed on to a target with which TLS is spoken. */
function doubleTls(app: Raw, path: Path, defaults: Raw): Problem[] {
  const isByHello = asList(app.routes).map(asMapping)
    .some(({ sni, alpn }) => sni !== undefined || alpn !== undefined);
  if (!isOn(app.target_tls) || !isByHello || isOn(app.tls ?? defaults.tls)) return [];
  const message =
    `the clients' TLS is passed on as it is, within TLS to the targets; set "tls" to end it here, ` +
    `or remove "target_tls"`;
  return [{ path: [...path, "target_tls"], at: "key", message }];
}

function idleTargetDown(app: Raw, path: Path, defaults: Raw): Problem[] {
  if (app.on_target_down !== "close" || hasChecks(app, defaults)) return [];
  const message = `without checks no target goes down; set "health_check"`;
  return [{ path: [...path, "on_target_down"], message }];
}

/** Whether any target is checked, by what the app says or by its own. */
function hasChecks(app: Raw, defaults: Raw): boolean {
  const targets = [app, ...asList(app.routes).map(asMapping)].flatMap((one) => asList(one.targets));
  return isOn(app.health_check ?? defaults.health_check) ||
    targets.some((target) => isOn(asMapping(target).health_check));
}

/** Whether a mapping is given, and not `off`. */
function idleRetry(app: Raw, path: Path, defaults: Raw): Problem[] {
  const retry = parsed(Defaults.shape.retry, app.retry);
  const deadline = app.connect_deadline ?? defaults.connect_deadline;
  const deadlineMs = parsed(Defaults.shape.connect_deadline, deadline) ??
    BUILT_IN_APP_OPTIONS.connect_deadline;
  if (retry === undefined || retry === "off" || retry.pause < deadlineMs) return [];
  const message = `no target is dialed again, as a pause of ${formatDuration(retry.pause)} outlasts ` +
    `"connect_deadline" (${formatDuration(deadlineMs)}): shorten the pause or raise the deadline`;
  return [{ path: [...path, "retry"], at: "key", message }];
}

function isOn(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

/** Whether an app says something else than what is built in. */
function isSaid(
  app: Raw,
  key: typeof BY_ADDRESS[number] | "client_hello_timeout",
): boolean {
  const said: unknown = parsed<unknown>(Defaults.shape[key], app[key]);
  if (Array.isArray(said)) return said.length > 0;
  return said !== undefined && said !== BUILT_IN_APP_OPTIONS[key];
}
