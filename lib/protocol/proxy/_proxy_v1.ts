import { type Address, formatIp, type IpBytes, isIpv4Mapped, parseIpv4, parseIpv6 } from "../../base/mod.ts";
import { latin1 } from "../_byte_reader.ts";
import type { IpPair } from "./_ip_pair.ts";
import { PROXY_V1_MAX_BYTES, PROXY_V1_PREFIX } from "./proxy_codes.ts";
import type { ProxyHeaderVerdict } from "./proxy_header_content.ts";
import { ProxyTlvs } from "./proxy_tlvs.ts";

const CR = 0x0d;
const LF = 0x0a;
const UNKNOWN = "UNKNOWN";

/** The address families, each with the length of its shortest header. */
const FAMILIES = [
  {
    word: "TCP4",
    shortest: "PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n".length,
    parseIp: parseIpv4,
    part: /^[\d.]{0,15}$/,
  },
  {
    word: "TCP6",
    shortest: "PROXY TCP6 :: :: 0 0\r\n".length,
    parseIp: parseIpv6,
    part: /^[\da-fA-F:.]{0,45}$/,
  },
] as const;

type Family = typeof FAMILIES[number];

const FIELDS = ["source address", "destination address", "source port", "destination port"] as const;

/** Parses a v1 header (section 2.1) from bytes that begin with {@link PROXY_V1_PREFIX}. */
export function parseProxyV1(bytes: Uint8Array): ProxyHeaderVerdict {
  const line = findLine(bytes);
  if (typeof line === "string") return { kind: "bad", problem: line };
  const [word = "", ...fields] = line.text.split(" ");
  const wordEnded = fields.length > 0 || line.ended;

  const family = FAMILIES.find((each) => wordEnded ? each.word === word : each.word.startsWith(word));
  if (family === undefined) return parseUnknown(bytes, line, word, wordEnded);
  if (!wordEnded) return needMore(bytes, SHORTEST_UNKNOWN);

  const problem = checkFields(family, fields, line.ended);
  if (problem !== undefined) return { kind: "bad", problem };
  if (line.length === undefined) return needMore(bytes, family.shortest);
  return {
    kind: "header",
    length: line.length,
    header: {
      version: "v1",
      command: "proxy",
      source: endpoint(family, fields[0], fields[2]),
      destination: endpoint(family, fields[1], fields[3]),
      tlvs: ProxyTlvs.none,
    },
  };
}

const SHORTEST_UNKNOWN = "PROXY UNKNOWN\r\n".length;

/** The text between the prefix and the end of the line, or of the bytes. */
interface Line {
  readonly text: string;
  /** Whether the CR is there, so that `text` is complete. */
  readonly ended: boolean;
  /** Length of the whole header in bytes; `undefined` until its LF is there. */
  readonly length: number | undefined;
}

function findLine(bytes: Uint8Array): Line | string {
  const limit = Math.min(bytes.length, PROXY_V1_MAX_BYTES);
  for (let i = PROXY_V1_PREFIX.length; i < limit; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === CR) {
      const next = i + 1 < limit ? bytes[i + 1] : undefined;
      if (next !== undefined && next !== LF) {
        return `the header contains a lone CR, expected CRLF at its end`;
      }
      // A CR as the last allowed byte leaves no room for its LF; the limit is reported below.
      if (next === undefined && i + 1 === PROXY_V1_MAX_BYTES) break;
      const text = latin1(bytes.subarray(PROXY_V1_PREFIX.length, i));
      return { text, ended: true, length: next === undefined ? undefined : i + 2 };
    }
    // Even the ignored text after UNKNOWN is a single line: a lone LF means that the client's data has begun.
    if (byte < 0x20 || byte > 0x7e) {
      return `the header has the byte 0x${
        byte.toString(16).padStart(2, "0")
      }, expected printable ASCII and CRLF`;
    }
  }
  if (limit === PROXY_V1_MAX_BYTES) {
    return `the header has no CRLF in ${PROXY_V1_MAX_BYTES} bytes, the longest line allowed`;
  }
  return { text: latin1(bytes.subarray(PROXY_V1_PREFIX.length, limit)), ended: false, length: undefined };
}

function parseUnknown(bytes: Uint8Array, line: Line, word: string, wordEnded: boolean): ProxyHeaderVerdict {
  if (wordEnded ? word !== UNKNOWN : !UNKNOWN.startsWith(word)) {
    return { kind: "bad", problem: `the protocol is ${quote(word)}, expected "TCP4", "TCP6" or "UNKNOWN"` };
  }
  if (line.length === undefined) return needMore(bytes, SHORTEST_UNKNOWN);
  return {
    kind: "header",
    length: line.length,
    header: {
      version: "v1",
      command: "proxy",
      source: undefined,
      destination: undefined,
      tlvs: ProxyTlvs.none,
    },
  };
}

/** Checks complete fields strictly, and the incomplete one for what it can still become. */
function checkFields(family: Family, fields: readonly string[], ended: boolean): string | undefined {
  for (const [index, field] of fields.entries()) {
    const name = FIELDS[index];
    if (name === undefined) {
      return `there are more than ${FIELDS.length} fields, expected single spaces between them`;
    }
    const whole = ended || index < fields.length - 1;
    const isAddress = index < 2;
    const good = isAddress
      ? whole ? family.parseIp(field) !== undefined : family.part.test(field)
      : whole
      ? parsePort(field) !== undefined
      : field === "" || parsePort(field) !== undefined;
    if (good) continue;
    const wanted = isAddress ? `an address of ${family.word}` : "a decimal number from 0 to 65535";
    return `the ${name} is ${quote(field)}, expected ${wanted}`;
  }
  if (ended && fields.length < FIELDS.length) {
    return `there are ${fields.length} fields, expected ${FIELDS.length} with single spaces between them`;
  }
  return undefined;
}

function endpoint(family: Family, host = "", port = ""): Address | undefined {
  const ip = family.parseIp(host);
  const number = parsePort(port);
  if (ip === undefined || number === undefined) return undefined;
  return { kind: "tcp", host: formatIp(ip), port: number };
}

/** Parses a port without leading zeros, which some would read as octal; any prefix of a port is one too. */
function parsePort(text: string): number | undefined {
  if (!/^(0|[1-9]\d{0,4})$/.test(text)) return undefined;
  const port = Number(text);
  return port > 65535 ? undefined : port;
}

/** The text is printable ASCII here, but may contain quotes. */
function quote(text: string): string {
  return JSON.stringify(text);
}

function needMore(bytes: Uint8Array, shortest: number): ProxyHeaderVerdict {
  return { kind: "need_more", atLeast: Math.max(shortest, bytes.length + 1) };
}

/** Encodes a v1 header (section 2.1); without addresses it is `PROXY UNKNOWN`. */
export function encodeProxyV1(pair: IpPair | undefined): Uint8Array<ArrayBuffer> {
  if (pair === undefined) return new TextEncoder().encode("PROXY UNKNOWN\r\n");
  const { source, destination } = pair;
  const family = pair.isIpv4 ? "TCP4" : "TCP6";
  return new TextEncoder().encode(
    `PROXY ${family} ${v1Address(source.ip)} ${
      v1Address(destination.ip)
    } ${source.port} ${destination.port}\r\n`,
  );
}

/** The v1 grammar has only groups of hexadecimal digits, so no dotted tail for a mapped address. */
function v1Address(ip: IpBytes): string {
  if (!isIpv4Mapped(ip)) return formatIp(ip);
  const groups = [12, 14].map((at) => (((ip[at] ?? 0) << 8) | (ip[at + 1] ?? 0)).toString(16));
  return `::ffff:${groups.join(":")}`;
}
