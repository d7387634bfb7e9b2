import { dirname } from "node:path";
import { discoveredNetworks, targetsOf } from "../../app/mod.ts";
import { formatAddress } from "../../base/mod.ts";
import type { AppConfig } from "../../config/mod.ts";

/** What the discovery of an app's targets needs, besides the dials of what the config names itself. */
export interface DiscoveryPermissions {
  /** `true` where the answers may be anywhere. */
  readonly net: readonly string[] | true;
  readonly read: readonly string[];
}

/**
 * Returns what the runtime must allow for an app's discovery.
 *
 * @param systemDns where the system's own resolver is asked.
 */
export function discoveryPermissions(app: AppConfig, systemDns: readonly string[]): DiscoveryPermissions {
  const targets = targetsOf(app).filter(({ discover }) => discover !== undefined);
  const { nameserver } = app.dns;
  const resolver = nameserver === undefined ? systemDns : [formatAddress(nameserver)];
  const { ca, tokenFile } = app.discovery;
  const networks = discoveredNetworks(app);
  const net: string[] = [];
  const read: string[] = [];
  let isAnywhere = false;
  for (const { discover, address, label, healthCheck } of targets) {
    if (discover === "dns" || discover === "srv") net.push(...resolver);
    if (discover === "http") {
      net.push(endpointOf(label));
      read.push(...[ca, tokenFile].filter((file) => file !== undefined));
    }
    // The folder, to watch it; it holds the file.
    if (discover === "file") read.push(dirname(label));
    if (networks !== "any") continue;
    if (discover !== "dns" || address.kind !== "tcp") isAnywhere = true;
    // The answers are dialed by number, and the runtime's list knows a name and its numbers as different things.
    else for (const port of [address.port, healthCheck?.port ?? address.port]) net.push(`:${port}`);
  }
  return { net: isAnywhere ? true : [...net, ...networks === "any" ? [] : networks], read };
}

/** Where a URL is asked. */
function endpointOf(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port === "" ? (protocol === "https:" ? 443 : 80) : port}`;
}
