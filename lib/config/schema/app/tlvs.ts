/**
 * The fields (TLV) of a PROXY header in the schema; `error` is as in `_units.ts`.
 *
 * @module
 */

import * as z from "zod";
import { formatTlv, MAX_TLV_TYPE, parseTlv, TLV_NAMES } from "../../../base/mod.ts";
import { type Leaf, read, refuse } from "../values/leaf.ts";
import { fieldPattern } from "../values/patterns.ts";

/** Types that are free for the use of a site (PROXY protocol section 2.2.8). */
const CUSTOM = { first: 0xe0, last: 0xef } as const;

/** Types that speak of one header alone: the checksum and the padding. */
const OF_ONE_HEADER: readonly number[] = [0x03, 0x04];

const FIELD = `a field like ${Object.keys(TLV_NAMES)[1]}, or a type like 0xEA`;

/** A field of a header, by its name or its type. */
export function tlv(): Leaf<number, string | number> {
  return tlvThat((type) => !OF_ONE_HEADER.includes(type), {
    first: 1,
    last: MAX_TLV_TYPE,
    wanted: FIELD,
    refusal: "speaks of one header only; expected another",
  });
}

/** A type that is free for the use of a site. */
export function customTlv(): Leaf<number, string | number> {
  return tlvThat((type) => type >= CUSTOM.first && type <= CUSTOM.last, {
    ...CUSTOM,
    wanted: "a type from 0xE0 to 0xEF",
    refusal: "has a meaning of its own; expected one from 0xE0 to 0xEF",
  });
}

function tlvThat(
  isGood: (type: number) => boolean,
  { first, last, wanted, refusal }: { first: number; last: number; wanted: string; refusal: string },
): Leaf<number, string | number> {
  const number = z.number().meta({ type: "integer", minimum: first, maximum: last });
  return z.union([z.string(), number], { error: wanted }).transform((value, context) => {
    if (typeof value === "string") return read(value, context, (text) => check(parseTlv(text), `"${text}"`));
    const isType = Number.isInteger(value) && value >= 1 && value <= MAX_TLV_TYPE;
    try {
      return check(isType ? value : undefined, String(value));
    } catch (error) {
      return refuse(context, error instanceof Error ? error.message : String(error));
    }
  }).meta({ title: "TLV", pattern: fieldPattern(Object.keys(TLV_NAMES)) });

  function check(type: number | undefined, shown: string): number {
    if (type === undefined) throw new Error(`the field is ${shown}; expected ${wanted}`);
    if (!isGood(type)) throw new Error(`the field ${formatTlv(type)} ${refusal}`);
    return type;
  }
}
