/** Traffic classes by name: RFC 2474 (`cs`), RFC 2597 (`af`), RFC 3246 (`ef`), RFC 5865 (`va`), RFC 8622 (`le`). */
const NAMES: Readonly<Record<string, number>> = {
  cs0: 0,
  cs1: 8,
  cs2: 16,
  cs3: 24,
  cs4: 32,
  cs5: 40,
  cs6: 48,
  cs7: 56,
  af11: 10,
  af12: 12,
  af13: 14,
  af21: 18,
  af22: 20,
  af23: 22,
  af31: 26,
  af32: 28,
  af33: 30,
  af41: 34,
  af42: 36,
  af43: 38,
  ef: 46,
  va: 44,
  le: 1,
};

/** The names of traffic classes. */
export const DSCP_NAMES: readonly string[] = Object.keys(NAMES);

/** The highest differentiated services code point: it has 6 bits (RFC 2474 section 3). */
export const MAX_DSCP = 63;

/** Returns the code point of a name; `undefined` for an unknown one. */
export function dscpOf(name: string): number | undefined {
  return Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
}

/** Formats a code point as its name, or as the number if it has none. */
export function formatDscp(code: number): string | number {
  return DSCP_NAMES.find((name) => NAMES[name] === code) ?? code;
}
