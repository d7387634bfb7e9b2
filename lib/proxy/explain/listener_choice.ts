import { type Address, formatAddress, formatIp, parseIp, type TcpAddress, unmapIp } from "../../base/mod.ts";
import type { Config } from "../../config/parsed.ts";
import type { ListenerInfo } from "../status/runtime_snapshot.ts";

/** Where a client connects to: an address, or a port of whichever address is listened on. */
export type Destination = Address | { readonly kind: "port"; readonly port: number };

/** The listener that would accept a connection. */
export type ListenerChoice =
  | { readonly kind: "found"; readonly listener: ListenerInfo }
  /** Nobody; `nearest` is the listener whose port is closest, where there is one with a port. */
  | { readonly kind: "none"; readonly nearest: ListenerInfo | undefined }
  /** Several listen on the port, each on an address of its own. */
  | { readonly kind: "several"; readonly listeners: readonly ListenerInfo[] };

/** Says that nobody accepts, or that it is not clear who; `wanted` is what would make it clear. */
export function describeNoListener(
  to: Destination,
  choice: Exclude<ListenerChoice, { kind: "found" }>,
  wanted: string,
): string {
  const where = to.kind === "port" ? `port ${to.port}` : formatAddress(to);
  const name = ({ app, address }: ListenerInfo): string => `app "${app}" on ${formatAddress(address)}`;
  if (choice.kind === "several") {
    return `several listen on ${where} (${choice.listeners.map(name).join(", ")}); add ${wanted}`;
  }
  const near = choice.nearest === undefined
    ? "no app listens on a port"
    : `the nearest is ${name(choice.nearest)}`;
  return `nobody listens on ${where}, ${near}`;
}

/** The listeners that a config asks for. */
export function listenersOf(config: Config): ListenerInfo[] {
  return config.apps.flatMap((app) => app.listen.map((address) => ({ app: app.name, address })));
}

/** Finds the listener, of all that there are, that would accept a connection, as the system chooses. */
export function chooseListener(all: readonly ListenerInfo[], to: Destination): ListenerChoice {
  const rated = all.map((listener) => ({ listener, rank: rankOf(listener.address, to) }));
  const best = Math.max(...rated.map(({ rank }) => rank));
  const listeners = rated.filter(({ rank }) => rank === best).map(({ listener }) => listener);
  const [listener] = listeners;
  if (best === 0 || listener === undefined) return { kind: "none", nearest: nearestTo(all, to) };
  return listeners.every((other) => other === listener || areOneName(other, listener))
    ? { kind: "found", listener }
    : { kind: "several", listeners };
}

/** Whether these are two addresses of one name, behind which is one app. */
function areOneName(a: ListenerInfo, b: ListenerInfo): boolean {
  return a.app === b.app && a.address.kind === "tcp" && b.address.kind === "tcp" &&
    a.address.name !== undefined && a.address.name === b.address.name;
}

/** How closely a listener fits; 0 for not at all. An address of its own comes before a wildcard. */
function rankOf(listener: Address, to: Destination): number {
  if (listener.kind === "unix" || to.kind === "unix") {
    return listener.kind === "unix" && to.kind === "unix" && listener.path === to.path ? 1 : 0;
  }
  if (listener.port !== to.port) return 0;
  if (to.kind === "port") return 1;
  const [have, wanted] = [canonical(listener.host), canonical(to.host)];
  if (listener.name !== undefined && canonical(listener.name) === wanted) return 3;
  if (have === wanted) return 3;
  const wantsIpv6 = wanted.includes(":");
  if (have === "0.0.0.0") return wantsIpv6 ? 0 : 2;
  // Bound by itself, "::" takes IPv4 too.
  if (have === "::") return wantsIpv6 ? 2 : 1;
  return 0;
}

function canonical(host: string): string {
  const bytes = parseIp(host);
  return bytes === undefined ? host.toLowerCase() : formatIp(unmapIp(bytes));
}

function nearestTo(listeners: readonly ListenerInfo[], to: Destination): ListenerInfo | undefined {
  if (to.kind === "unix") return undefined;
  const distance = (address: TcpAddress): number => Math.abs(address.port - to.port);
  let nearest: { readonly listener: ListenerInfo; readonly distance: number } | undefined;
  for (const listener of listeners) {
    if (listener.address.kind === "unix") continue;
    const found = { listener, distance: distance(listener.address) };
    if (nearest === undefined || found.distance < nearest.distance) nearest = found;
  }
  return nearest?.listener;
}
