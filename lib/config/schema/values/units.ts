/**
 * The scalars of the schema: base's parsers in zod's clothing. A key's schema is one of these (or a mapping or list of
 * them) with a description.
 *
 * The `error` of each of these schemas says only what is expected ("a name", "a list");
 * `_issues.ts` makes the sentence.
 *
 * @module
 */

import * as z from "zod";
import {
  checkHost,
  formatDuration,
  formatIp,
  MAX_PORT,
  MAX_SIZE_BYTES,
  parseAddress,
  parseByteRate,
  parseDuration,
  parseEventRate,
  parseIp,
  parseListenRange,
  parsePortRange,
  parseSize,
  parseTargetAddress,
  UnitError,
} from "../../../base/mod.ts";
import type {
  EventRate,
  PortRange,
  TargetAddress,
  TcpAddress,
  TcpRange,
  UnixAddress,
} from "../../../base/mod.ts";
import { type Leaf, leaf, read, refuse } from "./leaf.ts";
import { durationHint } from "./duration_hint.ts";
import { PATTERNS } from "./patterns.ts";
import { isServiceName } from "./texts.ts";

const DURATION = "a duration like 500ms, 5s, 10m or 1h30m";

/** A limit on a wait: longer than nothing, unless the options allow it, no longer than `mostMs`, and never `off`. */
export function limit(options: { zero?: boolean; mostMs?: number } = {}): Leaf<number> {
  return leaf("duration", DURATION, (text) => {
    const ms = parseLimit(text);
    if (ms === Infinity) throw new Error(`the duration is "off"; expected a limit like 5s`);
    if (ms === 0 && options.zero !== true) throw tooShort(text);
    const { mostMs = Infinity } = options;
    if (ms <= mostMs) return ms;
    throw new Error(`the duration is "${text}"; expected at most ${formatDuration(mostMs)}`);
  }, options.zero === true ? PATTERNS.durationOrZero : PATTERNS.duration);
}

/** A duration longer than nothing and no longer than `mostMs`, or `off`, which a YAML 1.1 tool may have turned into `false`. */
export function limitOrOff({ mostMs = Infinity } = {}): Leaf<number, string | false> {
  const wanted = `${DURATION}, or off`;
  return z.union([z.string(), z.literal(false)], { error: wanted }).transform((value, context) =>
    value === false ? Infinity : read(value, context, (text) => {
      const ms = parseDurationOrOff(text);
      if (ms === 0) throw tooShort(text);
      if (ms <= mostMs || ms === Infinity) return ms;
      throw new Error(`the duration is "${text}"; expected at most ${formatDuration(mostMs)}, or off`);
    })
  ).meta({ title: "duration or `off`", pattern: PATTERNS.durationOrOff });
}

/** Bytes per second; `Infinity` for `off`, which a YAML 1.1 tool may have turned into `false`. */
export function byteRateOrOff(): Leaf<number, string | false> {
  const wanted = "a rate like 64KiB/s or 10MiB/s, or off";
  return z.union([z.string(), z.literal(false)], { error: wanted }).transform((value, context) =>
    value === false || value === "off" ? Infinity : read(value, context, parseByteRate)
  ).meta({ title: "rate or `off`", pattern: PATTERNS.byteRateOrOff });
}

/** Bytes per second, and never `off`. */
export function byteRate(): Leaf<number> {
  return leaf("rate", "a rate like 64KiB/s or 10MiB/s", parseByteRate, PATTERNS.byteRate);
}

/** Events in a time, or `off`, which a YAML 1.1 tool may have turned into `false`. */
export function eventRateOrOff(): Leaf<EventRate | "off", string | false> {
  const wanted = "a rate like 100/s or 30/m, or off";
  return z.union([z.string(), z.literal(false)], { error: wanted }).transform((value, context) =>
    value === false || value === "off" ? "off" : read(value, context, (text): EventRate | "off" => {
      const rate = parseEventRate(text);
      // A fraction could not always be written out as the same rate again.
      if (!/^\d{1,9}\//.test(text)) {
        throw new Error(`the rate is "${text}"; expected a whole number of at most 9 digits, such as 30/m`);
      }
      return rate;
    })
  ).meta({ title: "events or `off`", pattern: PATTERNS.eventRateOrOff });
}

/** Bytes, at least one; a number without a unit is bytes too. */
export function size(): Leaf<number, string | number> {
  const wanted = "a size like 512B, 16KiB or 10MiB";
  const bytes = z.number().meta({ type: "integer", minimum: 1, maximum: MAX_SIZE_BYTES });
  return z.union([z.string(), bytes], { error: wanted }).transform((value, context) =>
    read(String(value), context, (text) => {
      const bytes = parseSize(/^\d+$/.test(text) ? `${text}B` : text);
      if (bytes === 0) throw new Error(`the size is "${text}"; expected more than 0 bytes`);
      return bytes;
    })
  ).meta({ title: "size", pattern: PATTERNS.size });
}

/** An app's name. */
export function name(): Leaf<string> {
  // A name of digits alone is a number to YAML.
  const error = ({ input }: { input?: unknown }): string =>
    typeof input === "number" || typeof input === "boolean" ? `a name in quotes ("${input}")` : "a name";
  return leaf("name", error, (text) => {
    if (/^[A-Za-z0-9._-]{1,63}$/.test(text)) return text;
    if (text.length > 63) {
      throw new Error(`the name has ${text.length} characters; expected 1 to 63`);
    }
    if (text === "") throw new Error(`the name is empty; expected 1 to 63 characters`);
    throw new Error(`the name is "${text}"; expected letters, digits, "-", "_" and "."`);
  }, PATTERNS.name);
}

/** The host that ports are bound on. */
export function listenHost(): Leaf<string> {
  return leaf("host", "a host like 127.0.0.1 or ::", (text) => canonicalHost(checkHost(text)), PATTERNS.host);
}

/** A port or a range of ports, as a number or a text. */
export function portRange(): Leaf<PortRange, string | number> {
  const wanted = `a port like 5001, or a range like "6000-6009"`;
  const port = z.number().meta({ type: "integer", minimum: 1, maximum: MAX_PORT });
  return z.union([z.string(), port], { error: wanted }).transform((value, context) => {
    if (typeof value === "string") return read(value, context, parsePortRange);
    if (Number.isInteger(value) && value >= 1 && value <= MAX_PORT) return { first: value, last: value };
    return refuse(context, `the port is ${value}; expected a whole number from 1 to ${MAX_PORT}`);
  }).meta({ title: "port or range", pattern: PATTERNS.ports });
}

/** Listening sockets that systemd passes, by their name (`FileDescriptorName=`). */
export interface PassedSockets {
  readonly kind: "systemd";
  readonly name: string;
}

/** How an entry for a passed socket begins. */
const SYSTEMD = "systemd:";

/** The address of a listener, or the name of sockets that systemd passes. */
export function listenRange(): Leaf<UnixAddress | TcpRange | PassedSockets> {
  return leaf("address", `an address like "127.0.0.1:7000" or "unix:/path"`, (text) => {
    if (text.startsWith(SYSTEMD)) return parsePassedSockets(text);
    const range = parseListenRange(text);
    return range.kind === "unix" ? range : { ...range, host: canonicalHost(range.host) };
  }, PATTERNS.listen);
}

/** The characters of a name are those that systemd takes (sd_listen_fds_with_names(3)). */
function parsePassedSockets(text: string): PassedSockets {
  const name = text.slice(SYSTEMD.length);
  if (/^[!-9;-~]{1,255}$/.test(name)) return { kind: "systemd", name };
  throw new Error(
    `the name of a socket is "${name}"; expected 1 to 255 printable ASCII characters other than ":" and spaces`,
  );
}

/** A host and one port. */
export function hostAndPort(example: string): Leaf<TcpAddress> {
  return leaf("address", `an address like "${example}"`, (text) => {
    const address = parseAddress(text);
    if (address.kind === "unix") {
      throw new Error(`the address is "${text}"; expected a host and a port like "${example}"`);
    }
    return { ...address, host: canonicalHost(address.host) };
  }, PATTERNS.hostAndPort);
}

/** Where a target is. */
export function targetAddress(): Leaf<TargetAddress> {
  return leaf("address", `an address like "host:port"`, (text) => {
    if (!isServiceName(text)) return parseTargetAddress(text);
    throw new Error(
      `the address "${text}" is the name of a service; expected { address: "${text}", discover: srv }`,
    );
  }, PATTERNS.target);
}

/**
 * Where a target is, or what discovery looks up: a bare name, a path or a URL. `check_targets.ts` says which may be what.
 */
export function discoverableAddress(): Leaf<TargetAddress> {
  return leaf("address", `an address like "host:port"`, (text) => {
    // No address of a host has a slash.
    const isSource = !text.startsWith("unix:") && /^[^\0]*\/[^\0]*$/.test(text);
    return isSource || (text !== "" && !text.includes(":"))
      ? { kind: "tcp", host: text, port: 0 }
      : parseTargetAddress(text);
  }, PATTERNS.discoverable);
}

/** An IP address and a port. */
export function nameserver(): Leaf<TcpAddress | "system"> {
  return leaf("address", `an address like "10.0.0.2:53", or system`, (text) => {
    if (text === "system") return text;
    const address = parseAddress(text);
    if (address.kind === "unix" || parseIp(address.host) === undefined) {
      throw new Error(`the nameserver is "${text}"; expected an IP address and a port like "10.0.0.2:53"`);
    }
    return { ...address, host: canonicalHost(address.host) };
  }, PATTERNS.nameserver);
}

/** One of a few words. */
export function choice<const Words extends readonly string[]>(
  words: Words,
): z.ZodType<Words[number], Words[number]> {
  return z.enum(words, { error: words.length === 1 ? `"${words[0]}"` : `one of ${words.join(", ")}` });
}

/** One of a few words, `off` among them, which a YAML 1.1 tool may have turned into `false`. */
export function choiceOrOff<const Words extends readonly ["off", ...string[]]>(
  words: Words,
): Leaf<Words[number], Words[number] | false> {
  const off: Words[number] = words[0];
  return z.union([choice(words), z.literal(false)], { error: `one of ${words.join(", ")}` })
    .transform((value): Words[number] => value === false ? off : value)
    .meta({ title: words.map((word) => `\`${word}\``).join(", ") });
}

/** A mapping, or `off` for none of it; `off` wins over what `defaults` says. */
export function mappingOrOff<Output, Input>(
  mapping: z.ZodType<Output, Input>,
): Leaf<Output | "off", Input | "off" | false> {
  return z.union([mapping, z.literal("off"), z.literal(false)], { error: "a mapping, or off" })
    .transform((value) => value === false ? "off" : value)
    .meta({ title: "mapping or `off`" });
}

/** As base's parser, with the spelling that was most likely meant. */
function parseDurationOrOff(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    const hint = durationHint(text);
    if (!(error instanceof UnitError) || hint === "") throw error;
    const message =
      `the duration is "${text}"; expected one like 500ms, 5s, 10m, 1h30m or off, at most 720h${hint}`;
    throw new UnitError(message, { cause: error });
  }
}

/** As base's parser, but without advice to write `off`. */
function parseLimit(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    if (!(error instanceof UnitError)) throw error;
    const message = `the duration is "${text}"; expected one like 500ms, 5s, 10m or 1h30m, at most 720h` +
      durationHint(text);
    throw new UnitError(message, { cause: error });
  }
}

function tooShort(text: string): Error {
  return new Error(`the duration is "${text}"; expected more than nothing`);
}

/** The one spelling of a host, so that two spellings of an address are seen to be one. */
function canonicalHost(host: string): string {
  const bytes = parseIp(host);
  return bytes === undefined ? host.toLowerCase() : formatIp(bytes);
}
