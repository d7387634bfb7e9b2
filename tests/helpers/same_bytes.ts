import { assertEquals, assertStrictEquals } from "@std/assert";

/** Takes bytes for what they should be; a megabyte that differs is reported by its first difference alone. */
export function assertSameBytes(actual: Uint8Array | undefined, expected: Uint8Array): void {
  if (actual === undefined) throw new Error("compare bytes: there are none; expected some");
  const differsAt = actual.findIndex((byte, index) => byte !== expected[index]);
  if (differsAt >= 0) {
    assertEquals(
      actual.slice(differsAt, differsAt + 16),
      expected.slice(differsAt, differsAt + 16),
      `from byte ${differsAt} on`,
    );
  }
  assertStrictEquals(actual.length, expected.length);
}
