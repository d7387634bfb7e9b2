import type { TcpAddress } from "../../base/mod.ts";
import type { ServiceRecord } from "../../dial/mod.ts";
import type { DiscoveredTarget } from "./discovery_change.ts";

/** The greatest weight of a target. */
const MAX_WEIGHT = 256;

/**
 * Returns the targets of SRV records whose names have been resolved (RFC 2782).
 *
 * - The lowest priority is tier 0, the next is tier 1, and so on; a priority whose names have no address keeps its
 *   tier.
 * - The addresses of a name share its record's weight evenly. Where two records have the same address and port, the
 *   lower tier gets it; within a tier their shares add up and the first record's name counts.
 * - A tier whose shares are whole numbers from 1 to 256 keeps them. Otherwise they are scaled to a maximum of 256,
 *   and a share below 1 becomes 1. So does a weight of 0, which in the RFC means rarely chosen, not never.
 */
export function srvTargets(
  records: readonly ServiceRecord[],
  addressesOf: (target: string) => readonly string[],
): DiscoveredTarget[] {
  const priorities = [...new Set(records.map((record) => record.priority))].sort((a, b) => a - b);
  const taken = new Set<string>();
  return priorities.flatMap((priority, backupTier) => {
    const shares = new Map<string, { address: TcpAddress; name: string; share: number }>();
    for (const record of records) {
      if (record.priority !== priority) continue;
      const hosts = addressesOf(record.target);
      for (const host of hosts) {
        const key = `${host} ${record.port}`;
        if (taken.has(key)) continue;
        const before = shares.get(key);
        const share = (before?.share ?? 0) + record.weight / hosts.length;
        const name = before?.name ?? record.target.replace(/\.$/, "");
        shares.set(key, { address: { kind: "tcp", host, port: record.port }, name, share });
      }
    }
    for (const key of shares.keys()) taken.add(key);
    const factor = scale([...shares.values()].map(({ share }) => share));
    return [...shares.values()].map(({ address, name, share }) => ({
      address,
      name,
      backupTier,
      weight: Math.max(1, Math.round(share * factor)),
    }));
  });
}

/** Returns the factor for the shares of one tier. */
function scale(shares: readonly number[]): number {
  const greatest = shares.reduce((most, share) => Math.max(most, share), 0);
  if (greatest === 0) return 1;
  const fits = shares.every((share) => Number.isInteger(share) && share >= 1 && share <= MAX_WEIGHT);
  return fits ? 1 : MAX_WEIGHT / greatest;
}
