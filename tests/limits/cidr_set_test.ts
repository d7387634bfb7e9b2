import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Cidr, formatCidr, type IpBytes, parseCidr, parseIp } from "../../lib/base/mod.ts";
import { CidrSet } from "../../lib/limits/mod.ts";

function setOf(...texts: string[]): CidrSet {
  return new CidrSet(texts.map(parseCidr));
}

function find(set: CidrSet, address: string): string | undefined {
  const block = set.find(parseIp(address) ?? new Uint8Array());
  return block === undefined ? undefined : formatCidr(block);
}

Deno.test("CidrSet: finds the block up to its edges and no further", () => {
  const set = setOf("10.1.0.0/16", "192.0.2.64/27", "198.51.100.7");
  assertEquals(
    ["10.0.255.255", "10.1.0.0", "10.1.255.255", "10.2.0.0"].map((address) => find(set, address)),
    [undefined, "10.1.0.0/16", "10.1.0.0/16", undefined],
  );
  assertEquals(
    ["192.0.2.63", "192.0.2.64", "192.0.2.95", "192.0.2.96"].map((address) => find(set, address)),
    [undefined, "192.0.2.64/27", "192.0.2.64/27", undefined],
  );
  assertEquals(
    ["198.51.100.6", "198.51.100.7", "198.51.100.8"].map((address) => find(set, address)),
    [undefined, "198.51.100.7", undefined],
  );
});

Deno.test("CidrSet: blocks within others are dropped, whatever their order", () => {
  for (const texts of [["10.1.0.0/16", "10.0.0.0/8", "10.0.0.0/9"], ["10.0.0.0/8", "10.1.0.0/16"]]) {
    const set = setOf(...texts);
    assertEquals([set.size, find(set, "10.1.2.3"), find(set, "10.200.0.0")], [1, "10.0.0.0/8", "10.0.0.0/8"]);
  }
});

Deno.test("CidrSet: keeps the families apart, and takes an IPv4-mapped address for IPv4", () => {
  const set = setOf("::/0", "10.0.0.0/8");
  assertEquals(
    ["2001:db8::1", "::ffff:10.1.2.3", "::ffff:11.1.2.3", "11.1.2.3"].map((address) => find(set, address)),
    ["::/0", "10.0.0.0/8", undefined, undefined],
  );
});

Deno.test("CidrSet: an empty one finds nothing", () => {
  assertEquals([find(setOf(), "10.0.0.1"), find(setOf(), "::1")], [undefined, undefined]);
});

Deno.test("CidrSet: agrees with a linear search", () => {
  // Few different bits, so that blocks nest and addresses hit.
  const byte = fc.constantFrom(0, 1, 127, 128, 255);
  const address = fc.array(byte, { minLength: 4, maxLength: 4 }).map((bytes) => Uint8Array.from(bytes));
  const block = fc.record({ address, prefix: fc.nat({ max: 32 }) }).map(({ address, prefix }): Cidr => ({
    network: Uint8Array.from(address, (byte, index) => byte & maskByte(prefix, index)),
    prefix,
  }));
  fc.assert(fc.property(fc.array(block, { maxLength: 30 }), fc.array(address), (blocks, addresses) => {
    const set = new CidrSet(blocks);
    for (const address of addresses) {
      const prefixes = blocks.filter((block) => isWithin(block, address)).map(({ prefix }) => prefix);
      const widest = prefixes.length === 0 ? undefined : Math.min(...prefixes);
      assertEquals(set.find(address)?.prefix, widest);
    }
  }));
});

Deno.test("CidrSet: finds one of ten thousand blocks", () => {
  const blocks = Array.from({ length: 10_000 }, (_, n) => `10.${n >> 8}.${n & 255}.128/25`);
  const set = setOf(...blocks);
  assertEquals(set.size, 10_000);
  assertEquals(blocks.every((block) => find(set, block.replace(".128/25", ".200")) === block), true);
  assertEquals(blocks.some((block) => find(set, block.replace(".128/25", ".100")) !== undefined), false);
});

function maskByte(prefix: number, index: number): number {
  return (0xff << (8 - Math.min(8, Math.max(0, prefix - index * 8)))) & 0xff;
}

function isWithin({ network, prefix }: Cidr, address: IpBytes): boolean {
  return network.every((byte, index) => byte === ((address[index] ?? 0) & maskByte(prefix, index)));
}
