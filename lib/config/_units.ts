/**
 * The scalars of the schema: base's parsers in zod's clothing. A key's schema is one of these (or a mapping or list of
 * them) with a description.
 *
 * The `error` of each of these schemas is the words for what was wanted ("a name", "a list"), nothing more;
 * `_issues.ts` makes the sentence.
 *
 * @module
 */

import { z } from "zod";
import {
  checkHost,
  formatIp,
  MAX_PORT,
  parseByteRate,
  parseDuration,
  parseIp,
  parseListenRange,
  parsePortRange,
  parseTargetAddress,
  UnitError,
} from "../base/mod.ts";
import type { PortRange, TargetAddress, TcpRange, UnixAddress } from "../base/mod.ts";

/** The longest text that a scalar may be: a unix path or a host name with room to spare. */
const MAX_SCALAR_LENGTH = 1024;

const DURATION = "a duration as 500ms, 5s, 10m or 1h";

/** What a zod schema of this room looks like from outside. */
export type Leaf<Output, Input = string> = z.ZodType<Output, Input>;

/**
 * A text that `parse` reads; the message of what it throws is shown as it is.
 *
 * @param title what operators call it, for the JSON Schema and the reference.
 */
export function leaf<Output>(
  title: string,
  wanted: string | ((issue: { input?: unknown }) => string),
  parse: (text: string) => Output,
): Leaf<Output> {
  return z.string({ error: wanted }).transform((text, context) => read(text, context, parse)).meta({ title });
}

/** A limit on a wait: longer than nothing, unless the options allow it, and never `off`. */
export function limit(options: { zero?: boolean } = {}): Leaf<number> {
  return leaf("duration", DURATION, (text) => {
    const ms = parseLimit(text);
    if (ms === Infinity) throw new Error(`the duration is "off", a limit as 5s was wanted`);
    if (ms === 0 && options.zero !== true) throw tooShort(text);
    return ms;
  });
}

/** A duration longer than nothing, or `off`, which a YAML 1.1 tool may have turned into `false`. */
export function limitOrOff(): Leaf<number, string | false> {
  const wanted = `${DURATION}, or off,`;
  return z.union([z.string(), z.literal(false)], { error: wanted }).transform((value, context) =>
    value === false ? Infinity : read(value, context, (text) => {
      const ms = parseDuration(text);
      if (ms === 0) throw tooShort(text);
      return ms;
    })
  ).meta({ title: "duration or `off`" });
}

/** Bytes per second; `Infinity` for `off`, which a YAML 1.1 tool may have turned into `false`. */
export function byteRateOrOff(): Leaf<number, string | false> {
  const wanted = "a rate as 64KiB/s or 10MiB/s, or off,";
  return z.union([z.string(), z.literal(false)], { error: wanted }).transform((value, context) =>
    value === false || value === "off" ? Infinity : read(value, context, parseByteRate)
  ).meta({ title: "rate or `off`" });
}

/** An app's name. */
export function name(): Leaf<string> {
  // A name of digits alone is a number to YAML.
  const error = ({ input }: { input?: unknown }): string =>
    typeof input === "number" || typeof input === "boolean" ? `a name in quotes ("${input}")` : "a name";
  return leaf("name", error, (text) => {
    if (/^[A-Za-z0-9._-]{1,63}$/.test(text)) return text;
    if (text.length > 63) {
      throw new Error(`the name has ${text.length} characters, from 1 to 63 were wanted`);
    }
    if (text === "") throw new Error(`the name is empty, from 1 to 63 characters were wanted`);
    throw new Error(`the name is "${text}", letters, digits, "-", "_" and "." were wanted`);
  });
}

/** The host that ports are bound on. */
export function listenHost(): Leaf<string> {
  return leaf("host", "a host as 127.0.0.1 or ::", (text) => {
    const bare = /^\[(.*)\]$/.exec(text)?.[1];
    if (bare !== undefined) throw new Error(`the host "${text}" stands in brackets, "${bare}" was wanted`);
    return canonicalHost(checkHost(text));
  });
}

/** A port or a range of ports, as a number or a text. */
export function portRange(): Leaf<PortRange, string | number> {
  const wanted = `a port as 5001, or a range as "6000-6009",`;
  return z.union([z.string(), z.number()], { error: wanted }).transform((value, context) => {
    if (typeof value === "string") return read(value, context, parsePortRange);
    if (Number.isInteger(value) && value >= 1 && value <= MAX_PORT) return { first: value, last: value };
    return refuse(context, `the port is ${value}, a whole number from 1 to ${MAX_PORT} was wanted`);
  }).meta({ title: "port or range" });
}

/** What a listener may be told. */
export function listenRange(): Leaf<UnixAddress | TcpRange> {
  return leaf("address", `an address as "127.0.0.1:7000" or "unix:/path"`, (text) => {
    const range = parseListenRange(text);
    return range.kind === "unix" ? range : { ...range, host: canonicalHost(range.host) };
  });
}

/** Where a target is. */
export function targetAddress(): Leaf<TargetAddress> {
  return leaf("address", `an address as "host:port"`, parseTargetAddress);
}

/** One of a few words. */
export function choice<const Words extends readonly string[]>(
  words: Words,
): z.ZodType<Words[number], Words[number]> {
  return z.enum(words, { error: words.length === 1 ? `"${words[0]}"` : `one of ${words.join(", ")}` });
}

function read<Output>(
  text: string,
  context: z.core.$RefinementCtx,
  parse: (text: string) => Output,
): Output {
  try {
    if (text.length > MAX_SCALAR_LENGTH) {
      throw new Error(`the text has ${text.length} characters, at most ${MAX_SCALAR_LENGTH} were wanted`);
    }
    return parse(text);
  } catch (error) {
    return refuse(context, error instanceof Error ? error.message : String(error));
  }
}

function refuse(context: z.core.$RefinementCtx, message: string): never {
  context.addIssue({ code: "custom", message });
  return z.NEVER;
}

/** As base's parser, but without advice to write `off`. */
function parseLimit(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    if (!(error instanceof UnitError)) throw error;
    const message = `the duration is "${text}", one as 500ms, 5s, 10m or 1h, at most 720h, was wanted`;
    throw new UnitError(message, { cause: error });
  }
}

function tooShort(text: string): Error {
  return new Error(`the duration is "${text}", more than nothing was wanted`);
}

/** The one spelling of a host, so that two spellings of an address are seen to be one. */
function canonicalHost(host: string): string {
  const bytes = parseIp(host);
  return bytes === undefined ? host.toLowerCase() : formatIp(bytes);
}
