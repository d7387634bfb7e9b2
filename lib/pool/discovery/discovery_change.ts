import { formatAddress, type TcpAddress } from "../../base/mod.ts";

/** A target that a source names. */
export interface DiscoveredTarget {
  readonly address: TcpAddress;
  /** The name with this address, without final dot: that of the entry, or of its SRV record; in a list the host. */
  readonly name: string;
  /** 0 for primaries, 1 for the first backups, and so on; always 0 for addresses of a name. */
  readonly backupTier: number;
  /** 0 to 256; `undefined` where the source does not say, and that of the entry counts. */
  readonly weight: number | undefined;
}

/** A new answer compared with the previous one: each target of either is in exactly one of the four lists. */
export interface DiscoveryChange {
  /** All current targets, by tier, then by address as text, so that replicas agree. */
  readonly targets: readonly DiscoveredTarget[];
  readonly added: readonly DiscoveredTarget[];
  readonly removed: readonly DiscoveredTarget[];
  /** The same address with another name, tier or weight. */
  readonly changed: readonly DiscoveredTarget[];
  readonly kept: readonly DiscoveredTarget[];
}

/** Sorts an answer and compares it with the previous one. Targets are the same when their addresses are. */
export function diffTargets(
  before: readonly DiscoveredTarget[],
  answer: readonly DiscoveredTarget[],
): DiscoveryChange {
  const targets = inOrder(answer);
  const old = new Map(before.map((target) => [keyOf(target.address), target]));
  const now = new Set(targets.map((target) => keyOf(target.address)));
  const added: DiscoveredTarget[] = [];
  const changed: DiscoveredTarget[] = [];
  const kept: DiscoveredTarget[] = [];
  for (const target of targets) {
    const was = old.get(keyOf(target.address));
    if (was === undefined) added.push(target);
    else if (isSame(was, target)) kept.push(target);
    else changed.push(target);
  }
  const removed = before.filter((target) => !now.has(keyOf(target.address)));
  return { targets, added, removed, changed, kept };
}

function isSame(a: DiscoveredTarget, b: DiscoveredTarget): boolean {
  return a.name === b.name && a.backupTier === b.backupTier && a.weight === b.weight;
}

function inOrder(targets: readonly DiscoveredTarget[]): DiscoveredTarget[] {
  return targets
    .map((target) => ({ target, key: keyOf(target.address) }))
    .sort((a, b) => a.target.backupTier - b.target.backupTier || (a.key < b.key ? -1 : 1))
    .map(({ target }) => target);
}

function keyOf(address: TcpAddress): string {
  return formatAddress(address);
}
