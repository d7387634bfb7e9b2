/**
 * Rulesets of Landlock (`landlock(7)`), which a thread can only ever tighten.
 *
 * @module
 */

/** The first version of the ABI that limits TCP ports. */
const NET_ABI = 4;

/** The first version that can shut off unix sockets and signals of others. */
const SCOPE_ABI = 6;

/** The lowest bit of `LANDLOCK_ACCESS_FS_*` that each version of the ABI has no name for. */
const FILE_RIGHTS: readonly (readonly [abi: number, bits: number])[] = [[5, 16], [3, 15], [2, 14], [1, 13]];

const LANDLOCK_ACCESS_NET_BIND_TCP = 1n;
const LANDLOCK_ACCESS_NET_CONNECT_TCP = 2n;
const LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET = 1n;
const LANDLOCK_SCOPE_SIGNAL = 2n;

/** Asks `landlock_create_ruleset(2)` for the version of the ABI. */
export const LANDLOCK_CREATE_RULESET_VERSION = 1;
/** A rule about a port, for `landlock_add_rule(2)`. */
export const LANDLOCK_RULE_NET_PORT = 2;

/** What a thread may still reach. */
export interface RulesetOptions {
  /** The version of the kernel's ABI. */
  readonly abi: number;
  /** The TCP ports that it may connect to; `"any"` where they are not known. */
  readonly ports: ReadonlySet<number> | "any";
  /** Whether it may bind sockets to ports, which does not let it listen. */
  readonly bind: boolean;
}

/** Whether the ABI can limit ports. */
export function limitsPorts(abi: number): boolean {
  return abi >= NET_ABI;
}

/**
 * Returns the attributes of a ruleset (`struct landlock_ruleset_attr`) that denies all access to files, all ports but those
 * of {@link portRules}, and unix sockets and signals of others, as far as the ABI knows them.
 */
export function rulesetAttributes({ abi, ports, bind }: RulesetOptions): Uint8Array<ArrayBuffer> {
  const [, fileBits = 0] = FILE_RIGHTS.find(([since]) => abi >= since) ?? [];
  const net = (bind ? 0n : LANDLOCK_ACCESS_NET_BIND_TCP) |
    (ports === "any" ? 0n : LANDLOCK_ACCESS_NET_CONNECT_TCP);
  const words = [
    (1n << BigInt(fileBits)) - 1n,
    ...limitsPorts(abi) ? [net] : [],
    ...abi >= SCOPE_ABI ? [LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL] : [],
  ];
  return new Uint8Array(BigUint64Array.from(words).buffer);
}

/** Returns the rules that allow ports, each a `struct landlock_net_port_attr`. */
export function portRules({ abi, ports }: RulesetOptions): Uint8Array<ArrayBuffer>[] {
  if (!limitsPorts(abi) || ports === "any") return [];
  return [...ports].map((port) =>
    new Uint8Array(BigUint64Array.of(LANDLOCK_ACCESS_NET_CONNECT_TCP, BigInt(port)).buffer)
  );
}
