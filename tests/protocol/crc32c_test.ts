import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { crc32c } from "../../lib/protocol/mod.ts";
import { concat, utf8 } from "../helpers/bytes.ts";

// RFC 3720 appendix B.4, and the check value of the catalogue of CRC algorithms.
const VECTORS: readonly (readonly [string, Uint8Array, number])[] = [
  ["nothing", new Uint8Array(), 0],
  ["123456789", utf8("123456789"), 0xe3069283],
  ["32 zeros", new Uint8Array(32), 0x8a9136aa],
  ["32 bytes 0xff", new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ["0 to 31", Uint8Array.from({ length: 32 }, (_, index) => index), 0x46dd794e],
  ["31 to 0", Uint8Array.from({ length: 32 }, (_, index) => 31 - index), 0x113fdb5c],
];

for (const [name, bytes, sum] of VECTORS) {
  Deno.test(`crc32c: the published sum of ${name}`, () => assertEquals(crc32c(bytes), sum));
}

Deno.test("crc32c: a whole summed in parts has the same sum", () => {
  fc.assert(fc.property(fc.uint8Array(), fc.uint8Array(), (head, tail) => {
    assertEquals(crc32c(tail, crc32c(head)), crc32c(concat(head, tail)));
  }));
});
