/**
 * Checks the options of sockets against each other, and against what an app listens on and dials.
 *
 * @module
 */

import { type AddressRange, parseIp, parseTargetAddress, unmapIp } from "../../base/mod.ts";
import { Defaults } from "../schema/app/app.ts";
import type { Path, Problem } from "../report/problem.ts";
import { hasClientAddresses } from "./check_access.ts";
import { asList, asMapping, parsed, type Raw } from "./raw.ts";

/** Finds options of sockets with which no target could be dialed. */
export function checkSockets(app: Raw, path: Path, defaults: Raw): Problem[] {
  const source = parsed(Defaults.shape.source, app.source ?? defaults.source) ?? [];
  const isTransparent = (app.transparent ?? defaults.transparent) === true;
  if (isTransparent && source.length > 0) {
    const message = `"source" and "transparent" both choose the address to dial from; remove one of them`;
    return [{ path: placeOf(app, path, app.source === undefined ? "transparent" : "source"), message }];
  }
  if (isTransparent && !hasClientAddresses(app, defaults)) {
    const message = `clients of unix sockets have no address to dial from; add a listener on a port, ` +
      `or "accept: required" in "proxy_protocol"`;
    return [{ path: placeOf(app, path, "transparent"), message }];
  }
  return source.length === 0 ? [] : checkFamilies(app, path, source);
}

/** Targets whose family no source address has; those that are names are only known when they are dialed. */
function checkFamilies(app: Raw, path: Path, source: readonly AddressRange[]): Problem[] {
  const sizes = new Set(source.map(({ first }) => first.length));
  const missing = addressesOf(app).find((text) => {
    const ip = ipOf(text);
    return ip !== undefined && !sizes.has(ip.length);
  });
  if (missing === undefined) return [];
  const family = sizes.has(4) ? "IPv6" : "IPv4";
  const message = `no address of "source" is ${family}, as the target "${missing}" is; add one`;
  return [{ path: placeOf(app, path, "source"), message }];
}

/** Where an option stands: in the app, or in `defaults`, and then the app is at fault. */
function placeOf(app: Raw, path: Path, key: string): Path {
  return app[key] === undefined ? path : [...path, key];
}

/** Finds options of an app's sockets that none of its sockets has: unix sockets have none of them. */
export function idleSockets(app: Raw, path: Path): Problem[] {
  const listens = !isAllUnix(asList(app.listen)) || asList(app.ports).length > 0;
  const dials = !isAllUnix(addressesOf(app));
  const idle = (key: string, what: string): Problem => {
    const message = `${what} unix sockets alone, which have no such option; remove it`;
    return { path: [...path, key], at: "key", message };
  };
  return [
    ...SIDED.flatMap((key): Problem[] => {
      const sides = parsed<{ listen?: unknown; dial?: unknown } | undefined>(Defaults.shape[key], app[key]);
      const isSaid = sides?.listen !== undefined || sides?.dial !== undefined;
      const isUsed = (listens && sides?.listen !== undefined) || (dials && sides?.dial !== undefined);
      return isSaid && !isUsed ? [idle(key, "the app uses")] : [];
    }),
    ...BOTH.filter((key) => !listens && !dials && isOn(app[key])).map((key) => idle(key, "the app uses")),
    ...LISTEN.filter((key) => !listens && isOn(app[key])).map((key) => idle(key, "the app listens on")),
    ...DIAL.filter((key) => !dials && isOn(app[key])).map((key) => idle(key, "the app dials")),
  ];
}

const SIDED = ["mark", "interface", "dscp", "fast_open", "mptcp"] as const;
const BOTH = ["user_timeout"] as const;
const LISTEN = ["defer_accept"] as const;
const DIAL = ["source", "transparent"] as const;

function isOn(value: unknown): boolean {
  return value !== undefined && value !== "off" && value !== false;
}

/** The addresses of an app's targets, those of its routes too. */
function addressesOf(app: Raw): unknown[] {
  const targets = [app, ...asList(app.routes).map(asMapping)].flatMap((one) => asList(one.targets));
  return targets.map((target) => typeof target === "string" ? target : asMapping(target).address);
}

function isAllUnix(addresses: readonly unknown[]): boolean {
  return addresses.every((address) => typeof address === "string" && address.startsWith("unix:"));
}

function ipOf(text: unknown): Uint8Array | undefined {
  if (typeof text !== "string") return undefined;
  try {
    const address = parseTargetAddress(text);
    const ip = address.kind === "tcp" ? parseIp(address.host) : undefined;
    return ip && unmapIp(ip);
  } catch {
    // It is reported as what it is.
    return undefined;
  }
}
