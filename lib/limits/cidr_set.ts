import { type Cidr, type IpBytes, ipv4Number, isIpv4Mapped, parseIp } from "../base/mod.ts";

/**
 * A set of address blocks, compiled once; looking up an address is a binary search.
 *
 * CIDR blocks are nested or disjoint. Without the nested ones, the rest can be sorted, and only the last block that
 * begins at or before an address can contain it.
 */
export class CidrSet {
  readonly #ipv4: Ipv4Blocks;
  readonly #ipv6: Ipv6Blocks;

  constructor(blocks: Iterable<Cidr>) {
    const all = [...blocks];
    this.#ipv4 = new Ipv4Blocks(outermost(all.filter(({ network }) => network.length === 4)));
    this.#ipv6 = new Ipv6Blocks(outermost(all.filter(({ network }) => network.length === 16)));
  }

  /** Number of blocks, not counting those inside others. */
  get size(): number {
    return this.#ipv4.size + this.#ipv6.size;
  }

  /**
   * Returns the widest block that contains the address, if any; text that is not an IP address is in none. An
   * IPv4-mapped address counts as IPv4, so no IPv6 block contains it, not even `::/0`.
   */
  find(address: string | IpBytes): Cidr | undefined {
    if (typeof address === "string") {
      const ipv4 = ipv4Number(address);
      if (ipv4 !== undefined) return this.#ipv4.find(ipv4);
      const bytes = parseIp(address);
      return bytes === undefined ? undefined : this.find(bytes);
    }
    if (address.length === 4) return this.#ipv4.find(uint32(address, 0));
    return isIpv4Mapped(address) ? this.#ipv4.find(uint32(address, 12)) : this.#ipv6.find(address);
  }
}

class Ipv4Blocks {
  readonly #blocks: readonly Cidr[];
  readonly #networks: Uint32Array;

  constructor(blocks: readonly Cidr[]) {
    this.#blocks = blocks;
    this.#networks = Uint32Array.from(blocks, ({ network }) => uint32(network, 0));
  }

  get size(): number {
    return this.#blocks.length;
  }

  find(address: number): Cidr | undefined {
    let from = 0;
    let to = this.#networks.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.#networks[middle] ?? 0) <= address) from = middle + 1;
      else to = middle;
    }
    const block = this.#blocks[from - 1];
    if (block === undefined) return undefined;
    const difference = (this.#networks[from - 1] ?? 0) ^ address;
    // JavaScript shifts modulo 32, so `/0` needs a case of its own.
    return block.prefix === 0 || difference >>> (32 - block.prefix) === 0 ? block : undefined;
  }
}

class Ipv6Blocks {
  readonly #blocks: readonly Cidr[];

  constructor(blocks: readonly Cidr[]) {
    this.#blocks = blocks;
  }

  get size(): number {
    return this.#blocks.length;
  }

  find(address: IpBytes): Cidr | undefined {
    let from = 0;
    let to = this.#blocks.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      const block = this.#blocks[middle];
      if (block !== undefined && compare(block.network, address, 16) <= 0) from = middle + 1;
      else to = middle;
    }
    const block = this.#blocks[from - 1];
    return block !== undefined && holds(block, address) ? block : undefined;
  }
}

/** Returns the blocks that are inside no other, sorted. */
function outermost(blocks: readonly Cidr[]): Cidr[] {
  const widestFirst = [...blocks].sort((a, b) =>
    compare(a.network, b.network, a.network.length) || a.prefix - b.prefix
  );
  const kept: Cidr[] = [];
  for (const block of widestFirst) {
    const last = kept.at(-1);
    if (last === undefined || !holds(last, block.network)) kept.push(block);
  }
  return kept;
}

function uint32(bytes: IpBytes, offset: number): number {
  let number = 0;
  for (let i = offset; i < offset + 4; i++) number = (number << 8) | (bytes[i] ?? 0);
  return number >>> 0;
}

/** Compares the first `length` bytes as big-endian integers. */
function compare(a: IpBytes, b: IpBytes, length: number): number {
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function holds({ network, prefix }: Cidr, address: IpBytes): boolean {
  const whole = prefix >> 3;
  if (compare(network, address, whole) !== 0) return false;
  const rest = prefix & 7;
  return rest === 0 || (((network[whole] ?? 0) ^ (address[whole] ?? 0)) >> (8 - rest)) === 0;
}
