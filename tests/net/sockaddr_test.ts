import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type Address, formatIp, unmapIp } from "../../lib/base/mod.ts";
import {
  decodeSockaddr,
  encodeSockaddr,
  familyOf,
  MAX_SOCKADDR_BYTES,
} from "../../lib/net/linux/calls/sockaddr.ts";

/** As the kernel writes it: into a buffer with the remains of other addresses. */
function written(bytes: Uint8Array): Uint8Array {
  const buffer = new Uint8Array(MAX_SOCKADDR_BYTES).fill(0xee);
  buffer.set(bytes);
  return buffer;
}

Deno.test("encodeSockaddr: is what the kernel expects", () => {
  const bytes = (address: Address): number[] => [...encodeSockaddr(address)];
  assertEquals(bytes({ kind: "tcp", host: "192.0.2.1", port: 0x1234 }), [
    ...[2, 0, 0x12, 0x34, 192, 0, 2, 1],
    ...Array(8).fill(0),
  ]);
  assertEquals(bytes({ kind: "tcp", host: "2001:db8::1", port: 1 }), [
    ...[10, 0, 0, 1, 0, 0, 0, 0],
    ...[0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    ...[0, 0, 0, 0],
  ]);
  assertEquals(bytes({ kind: "unix", path: "/a" }), [1, 0, 0x2f, 0x61, 0]);
});

Deno.test("encodeSockaddr, decodeSockaddr: any address comes back, an IPv4-mapped one in its own form", () => {
  const ip = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    fc.uint8Array({ minLength: 4, maxLength: 4 }).map((tail) =>
      Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...tail)
    ),
  );
  fc.assert(fc.property(ip, fc.integer({ min: 0, max: 65535 }), (bytes, port) => {
    const host = formatIp(bytes);
    const encoded = encodeSockaddr({ kind: "tcp", host, port });
    const decoded = decodeSockaddr(written(encoded), encoded.length);
    assertEquals(decoded, { kind: "tcp", host: formatIp(unmapIp(bytes)), port });
    assertStrictEquals(familyOf({ kind: "tcp", host, port }), bytes.length === 4 ? 2 : 10);
  }));
});

Deno.test("decodeSockaddr: a unix socket has its path, one without a name an empty one", () => {
  for (const path of ["/run/a.sock", "/" + "x".repeat(102), "/ä"]) {
    const encoded = encodeSockaddr({ kind: "unix", path });
    assertEquals(decodeSockaddr(written(encoded), encoded.length), { kind: "unix", path });
  }
  for (const length of [0, 2]) {
    assertEquals(decodeSockaddr(written(Uint8Array.of(1, 0)), length), { kind: "unix", path: "" });
  }
  // An abstract name begins with NUL.
  assertEquals(decodeSockaddr(written(Uint8Array.of(1, 0, 0, 65)), 4), { kind: "unix", path: "" });
});

Deno.test("encodeSockaddr, decodeSockaddr: what is none is refused", () => {
  assertThrows(() => encodeSockaddr({ kind: "tcp", host: "name.example", port: 1 }), RangeError);
  assertThrows(() => encodeSockaddr({ kind: "unix", path: "/" + "x".repeat(108) }), RangeError);
  assertThrows(() => encodeSockaddr({ kind: "unix", path: "/a\0b" }), RangeError);
  assertThrows(() => decodeSockaddr(written(Uint8Array.of(99, 0)), 16), RangeError);
});
