import fc from "fast-check";

/**
 * Text of any UTF-16 units, controls and lone surrogates included. (fast-check's own `unit: "binary"` takes a second to
 * set itself up.)
 */
export function anyText(constraints: { maxLength?: number } = {}): fc.Arbitrary<string> {
  return fc.uint16Array(constraints).map((units) => String.fromCharCode(...units));
}
