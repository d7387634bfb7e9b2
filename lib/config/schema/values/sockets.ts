/**
 * The values of socket options; `error` is as in `units.ts`.
 *
 * @module
 */

import * as z from "zod";
import {
  type AddressRange,
  AddressRangeError,
  DSCP_NAMES,
  dscpOf,
  formatDuration,
  MAX_DSCP,
  parseAddressRange,
  parseDuration,
} from "../../../base/mod.ts";
import { type Leaf, leaf, read, refuse } from "./leaf.ts";
import { PATTERNS } from "./patterns.ts";

/** The highest packet mark: it is an unsigned 32-bit number, and 0 is none. */
const MAX_MARK = 2 ** 32 - 1;

/** The longest name of an interface (IFNAMSIZ without its NUL, `netdevice(7)`). */
const MAX_INTERFACE_LENGTH = 15;

/** Whole seconds, as the kernel takes them. */
export function seconds(most: number): Leaf<number> {
  const wanted = `whole seconds from 1s to ${formatDuration(most * 1000)}`;
  return leaf("duration", wanted, (text) => {
    const ms = parseDuration(text);
    if (ms >= 1000 && ms <= most * 1000 && ms % 1000 === 0) return ms / 1000;
    throw new Error(`the duration is "${text}"; expected ${wanted}`);
  }, PATTERNS.duration);
}

/** As {@link seconds}, or `off`, which is 0 (and which a YAML 1.1 tool may have turned into `false`). */
export function secondsOrOff(most: number): Leaf<number, string | false> {
  const wanted = `whole seconds from 1s to ${formatDuration(most * 1000)}, or off`;
  return z.union([z.string(), z.literal(false)], { error: wanted }).transform((value, context) =>
    value === false || value === "off" ? 0 : read(value, context, (text) => {
      const ms = parseDuration(text);
      if (ms >= 1000 && ms <= most * 1000 && ms % 1000 === 0) return ms / 1000;
      throw new Error(`the duration is "${text}"; expected ${wanted}`);
    })
  ).meta({ title: "duration or `off`", pattern: PATTERNS.durationOrOff });
}

/** A value for both sides, or one for each; what is left out of a mapping, and `off`, is nothing. */
export interface Sides<T> {
  readonly listen: T | undefined;
  readonly dial: T | undefined;
}

/** One value for listeners and dials, or a mapping with one for each. */
export function sides<T, Input>(
  value: Leaf<T | undefined, Input>,
  { title, wanted, listen, dial }: {
    readonly title: string;
    readonly wanted: string;
    readonly listen: string;
    readonly dial: string;
  },
): Leaf<Sides<T>, Input | { listen?: Input | undefined; dial?: Input | undefined }> {
  const mapping = z.strictObject({
    listen: value.optional().meta({ description: listen }),
    dial: value.optional().meta({ description: dial }),
  }, { error: "a mapping" });
  return z.union([
    value.transform((one): Sides<T> => ({ listen: one, dial: one })),
    mapping.transform(({ listen, dial }): Sides<T> => ({ listen, dial })),
  ], { error: `${wanted}, or a mapping with "listen" and "dial"` }).meta({ title: `${title} or mapping` });
}

/** A packet mark, or `off`. */
export function markOrOff(): Leaf<number | undefined, number | "off" | false> {
  const wanted = `a whole number from 1 to ${MAX_MARK}, or off`;
  const mark = z.number().meta({ type: "integer", minimum: 1, maximum: MAX_MARK });
  return z.union([mark, z.literal("off"), z.literal(false)], { error: wanted })
    .transform((value, context) => {
      if (typeof value !== "number") return undefined;
      if (Number.isInteger(value) && value >= 1 && value <= MAX_MARK) return value;
      return refuse(context, `the value is ${value}; expected ${wanted}`);
    }).meta({ title: "number or `off`" });
}

/** The name of a network interface, or `off`. */
export function interfaceOrOff(): Leaf<string | undefined, string | false> {
  const wanted = "the name of an interface like eth0, or off";
  return z.union([z.string(), z.literal(false)], { error: wanted }).transform((value, context) =>
    value === false || value === "off" ? undefined : read(value, context, (text) => {
      if (text.length <= MAX_INTERFACE_LENGTH && /^(?!\.{1,2}$)[^\s/:\0]+$/.test(text)) return text;
      throw new Error(
        `the interface is "${text}"; expected a name of 1 to ${MAX_INTERFACE_LENGTH} characters like eth0`,
      );
    })
  ).meta({ title: "interface or `off`", pattern: PATTERNS.interfaceName });
}

/** A traffic class by name or number, or `off`. */
export function dscpOrOff(): Leaf<number | undefined, string | number | false> {
  const wanted = `a name like ef or af41, a whole number from 0 to ${MAX_DSCP}, or off`;
  const code = z.number().meta({ type: "integer", minimum: 0, maximum: MAX_DSCP });
  return z.union([z.string(), code, z.literal(false)], { error: wanted }).transform((value, context) => {
    if (value === false || value === "off") return undefined;
    if (typeof value === "string") {
      return read(value, context, (text) => {
        const found = dscpOf(text);
        if (found !== undefined) return found;
        throw new Error(
          `the traffic class is "${text}"; expected ${wanted}; the names: ${DSCP_NAMES.join(", ")}`,
        );
      });
    }
    if (Number.isInteger(value) && value >= 0 && value <= MAX_DSCP) return value;
    return refuse(context, `the value is ${value}; expected ${wanted}`);
  }).meta({ title: "name, number or `off`", pattern: String.raw`^(?:off|${DSCP_NAMES.join("|")})$` });
}

/** Yes or no; `off` is no. */
export function yesOrOff(): Leaf<true | undefined, boolean | "off"> {
  return z.union([z.boolean(), z.literal("off")], { error: "true or false" })
    .transform((value): true | undefined => value === true ? true : undefined)
    .meta({ title: "boolean" });
}

/** Addresses to dial from: one, or a list; `off` is none. */
export function sourceOrOff(): Leaf<readonly AddressRange[], string | false | string[]> {
  const wanted =
    `an address, a block like 10.0.0.0/28, a range like 10.0.0.4-10.0.0.9, a list of them, or off`;
  const entry = z.string({ error: `an address, a block or a range` }).meta({
    pattern: PATTERNS.addressRange,
  });
  const text = z.string().meta({ pattern: String.raw`^off$|${PATTERNS.addressRange}` });
  return z.union([text, z.literal(false), z.array(entry)], { error: wanted }).transform((value, context) => {
    if (value === false || value === "off") return [];
    if (typeof value === "string") return [read(value, context, parseAddressRange)];
    return value.flatMap((each, index) => {
      try {
        return [parseAddressRange(each)];
      } catch (error) {
        if (!(error instanceof AddressRangeError)) throw error;
        context.addIssue({ code: "custom", message: error.message, path: [index] });
        return [];
      }
    });
  }).meta({ title: "addresses or `off`" });
}
