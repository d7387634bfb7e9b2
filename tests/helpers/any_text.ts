import fc from "fast-check";

/**
 * Text of any UTF-16 units, controls and lone surrogates included. (fast-check's own `unit: "binary"` takes a second to
 * set itself up.)
 */
export function anyText(constraints: { maxLength?: number } = {}): fc.Arbitrary<string> {
  return fc.uint16Array(constraints).map((units) => String.fromCharCode(...units));
}

/** One code point of any plane, never half a surrogate pair; mostly below U+0100. In place of `unit: "binary"`, as above. */
export const anyCodePoint: fc.Arbitrary<string> = fc.oneof(
  fc.integer({ min: 0, max: 0x7f }),
  fc.integer({ min: 0, max: 0xff }),
  fc.integer({ min: 0, max: 0xffff - 0x800 }).map((at) => at < 0xd800 ? at : at + 0x800),
  fc.integer({ min: 0x10000, max: 0x10ffff }),
).map((point) => String.fromCodePoint(point));

/** Well-formed text of any code points. */
export function anyCodePoints(constraints: { maxLength?: number } = {}): fc.Arbitrary<string> {
  return fc.array(anyCodePoint, constraints).map((points) => points.join(""));
}
