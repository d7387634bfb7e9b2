/**
 * The names of the fields (TLV) of a PROXY v2 header in configs and logs.
 *
 * @module
 */

/** The fields that have a name, with their types (PROXY protocol section 2.2). */
export const TLV_NAMES = {
  alpn: 0x01,
  authority: 0x02,
  ["unique_id"]: 0x05,
  ssl: 0x20,
  netns: 0x30,
} as const;

/** The highest type of a field; types begin at 1. */
export const MAX_TLV_TYPE = 0xff;

/** The type in two hexadecimal digits, `ea`. */
export function tlvDigits(type: number): string {
  return type.toString(16).padStart(2, "0");
}

/** The name of a type, or the type as `0xEA`. */
export function formatTlv(type: number): string {
  const named = Object.entries(TLV_NAMES).find(([, each]) => each === type);
  return named === undefined ? `0x${tlvDigits(type).toUpperCase()}` : named[0];
}

/** Reads a name, or a type in hexadecimal (`0xEA`) or decimal digits; `undefined` for anything else. */
export function parseTlv(text: string): number | undefined {
  const named = Object.entries(TLV_NAMES).find(([name]) => name === text);
  if (named !== undefined) return named[1];
  const type = /^(?:0x[\da-f]{1,2}|\d{1,3})$/i.test(text) ? Number(text) : 0;
  return type >= 1 && type <= MAX_TLV_TYPE ? type : undefined;
}
