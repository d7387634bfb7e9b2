/**
 * The numbers of the schema; `error` is as in `_units.ts`.
 *
 * @module
 */

import * as z from "zod";
import { type Leaf, leaf, refuse } from "./leaf.ts";
import { PATTERNS } from "./patterns.ts";

/** The highest limit on a number of connections: beyond any machine. */
const MAX_COUNT = 1_000_000_000;

/** A whole number between two others, these included. */
export function wholeNumber(least: number, most: number): Leaf<number, number> {
  const wanted = `a whole number from ${least} to ${most}`;
  return numberThat((value) => Number.isInteger(value) && value >= least && value <= most, wanted).meta({
    title: "whole number",
    type: "integer",
    minimum: least,
    maximum: most,
  });
}

/** A number of connections, at least 1; `Infinity` for `off`, which a YAML 1.1 tool may have turned into `false`. */
export function countOrOff(): Leaf<number, number | "off" | false> {
  const wanted = `a whole number from 1 to ${MAX_COUNT}, or off`;
  const count = z.number().meta({ type: "integer", minimum: 1, maximum: MAX_COUNT });
  return z.union([count, z.literal("off"), z.literal(false)], { error: wanted })
    .transform((value, context) => {
      if (typeof value !== "number") return Infinity;
      if (Number.isInteger(value) && value >= 1 && value <= MAX_COUNT) return value;
      return refuse(context, `the value is ${value}; expected ${wanted}`);
    }).meta({ title: "whole number or `off`" });
}

/** A probability, 0 to 1. */
export function probability(): Leaf<number, number> {
  return numberThat((value) => value >= 0 && value <= 1, "a number from 0 to 1").meta({
    title: "number",
    minimum: 0,
    maximum: 1,
  });
}

/** A share in whole percent, above 0 and at most 1. */
export function percentage(): Leaf<number> {
  return leaf("percentage", "a share like 50%", (text) => {
    const percent = /^\d{1,3}%$/.test(text) ? Number(text.slice(0, -1)) : NaN;
    if (percent >= 1 && percent <= 100) return percent / 100;
    throw new Error(`the share is "${text}"; expected a whole number from 1% to 100%`);
  }, PATTERNS.percentage);
}

function numberThat(isGood: (value: number) => boolean, wanted: string): z.ZodNumber {
  return z.number({ error: wanted }).refine(isGood, {
    error: ({ input }) => `the value is ${input}; expected ${wanted}`,
  });
}
