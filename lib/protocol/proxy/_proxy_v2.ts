import { type Address, formatIp, ipv4Number } from "../../base/mod.ts";
import { ByteReader } from "../_byte_reader.ts";
import type { IpPair } from "./_ip_pair.ts";
import { encodeTlv, TLV_HEADER_BYTES } from "./_tlv.ts";
import { crc32c } from "./crc32c.ts";
import {
  CRC32C_BYTES,
  MAX_PROXY_HEADER_BYTES,
  PROXY_V2_ADDRESS_BYTES,
  PROXY_V2_COMMAND,
  PROXY_V2_FAMILY,
  PROXY_V2_FIXED_BYTES,
  PROXY_V2_MAX_BLOCK_BYTES,
  PROXY_V2_PROTOCOL,
  PROXY_V2_SIGNATURE,
  PROXY_V2_TLV,
  PROXY_V2_VERSION,
} from "./proxy_codes.ts";
import type { ProxyHeaderOptions, ProxyHeaderVerdict } from "./proxy_header_content.ts";
import type { ProxyTlv } from "./proxy_tlv.ts";
import { ProxyTlvs } from "./proxy_tlvs.ts";

const VERSION_AND_COMMAND = 12;
const FAMILY_AND_PROTOCOL = 13;
const LENGTH = 14;
const UNIX_PATH_BYTES = 108;

/** Parses a v2 header (section 2.2) from bytes that begin with the signature. */
export function parseProxyV2(bytes: Uint8Array): ProxyHeaderVerdict {
  const problem = checkFixedPart(bytes);
  if (problem !== undefined) return { kind: "bad", problem };
  if (bytes.length < PROXY_V2_FIXED_BYTES) return { kind: "need_more", atLeast: PROXY_V2_FIXED_BYTES };
  const length = PROXY_V2_FIXED_BYTES + blockBytes(bytes);
  if (bytes.length < length) return { kind: "need_more", atLeast: length };

  const header = bytes.subarray(0, length);
  if (command(header) === PROXY_V2_COMMAND.local) {
    // LOCAL must be accepted and its block discarded, whose layout is unknown: the family is ignored.
    return {
      kind: "header",
      length,
      header: { version: "v2", command: "local", ...NO_ADDRESSES, tlvs: ProxyTlvs.none },
    };
  }
  const family = knownFamily(header);
  const fields = PROXY_V2_FIXED_BYTES + (family === undefined ? 0 : PROXY_V2_ADDRESS_BYTES[family]);
  const parsed = ProxyTlvs.parse(header, fields);
  // After an unspecified family there are either fields or data that only the sender understands.
  if (parsed.kind === "bad" || (parsed.kind === "overrun" && family !== undefined)) {
    return { kind: "bad", problem: parsed.problem };
  }
  return {
    kind: "header",
    length,
    header: {
      version: "v2",
      command: "proxy",
      ...addresses(header, family),
      tlvs: parsed.kind === "tlvs" ? parsed.tlvs : ProxyTlvs.none,
    },
  };
}

type KnownFamily = keyof typeof PROXY_V2_ADDRESS_BYTES;

type Addresses = { readonly source: Address | undefined; readonly destination: Address | undefined };

const NO_ADDRESSES: Addresses = { source: undefined, destination: undefined };

/** Checks the bytes of the fixed part that are there. */
function checkFixedPart(bytes: Uint8Array): string | undefined {
  if (bytes.length <= VERSION_AND_COMMAND) return undefined;
  const version = (bytes[VERSION_AND_COMMAND] ?? 0) >> 4;
  if (version !== PROXY_V2_VERSION) {
    return `the version of the binary header is ${version}, expected ${PROXY_V2_VERSION}`;
  }
  const isProxy = command(bytes) === PROXY_V2_COMMAND.proxy;
  if (!isProxy && command(bytes) !== PROXY_V2_COMMAND.local) {
    return `the command is ${command(bytes)}, expected 0 (LOCAL) or 1 (PROXY)`;
  }
  if (isProxy && bytes.length > FAMILY_AND_PROTOCOL) {
    if (familyCode(bytes) > PROXY_V2_FAMILY.unix) {
      return `the address family is ${familyCode(bytes)}, expected 0 (UNSPEC) to 3 (UNIX)`;
    }
    if (protocolCode(bytes) > PROXY_V2_PROTOCOL.dgram) {
      return `the transport protocol is ${protocolCode(bytes)}, expected 0 (UNSPEC) to 2 (DGRAM)`;
    }
  }
  return bytes.length < PROXY_V2_FIXED_BYTES ? undefined : checkLength(bytes, isProxy);
}

function checkLength(bytes: Uint8Array, isProxy: boolean): string | undefined {
  const announced = blockBytes(bytes);
  if (announced > PROXY_V2_MAX_BLOCK_BYTES) {
    return `the header announces ${announced} bytes, expected at most ${PROXY_V2_MAX_BLOCK_BYTES}`;
  }
  const family = isProxy ? knownFamily(bytes) : undefined;
  if (family !== undefined && announced < PROXY_V2_ADDRESS_BYTES[family]) {
    return `the header announces ${announced} bytes, ` +
      `expected ${PROXY_V2_ADDRESS_BYTES[family]} for its addresses`;
  }
  return undefined;
}

/** Returns the family of the block's address layout; `undefined` if family or protocol is unspecified. */
function knownFamily(header: Uint8Array): KnownFamily | undefined {
  if (protocolCode(header) === PROXY_V2_PROTOCOL.unspec) return undefined;
  switch (familyCode(header)) {
    case PROXY_V2_FAMILY.inet:
      return "inet";
    case PROXY_V2_FAMILY.inet6:
      return "inet6";
    case PROXY_V2_FAMILY.unix:
      return "unix";
    default:
      return undefined;
  }
}

function addresses(header: Uint8Array, family: KnownFamily | undefined): Addresses {
  // Datagram addresses do not apply to a stream: a receiver without support falls back to UNSPEC.
  if (family === undefined || protocolCode(header) !== PROXY_V2_PROTOCOL.stream) return NO_ADDRESSES;
  const reader = new ByteReader(header.subarray(PROXY_V2_FIXED_BYTES));
  if (family === "unix") {
    return { source: unixAddress(reader), destination: unixAddress(reader) };
  }
  const ipBytes = family === "inet" ? 4 : 16;
  const sourceHost = formatIp(reader.bytes(ipBytes));
  const destinationHost = formatIp(reader.bytes(ipBytes));
  return {
    source: { kind: "tcp", host: sourceHost, port: reader.uint16() },
    destination: { kind: "tcp", host: destinationHost, port: reader.uint16() },
  };
}

/** Reads the path up to its NUL. An abstract socket's path begins with `@` for its NUL; an unnamed one's is empty. */
function unixAddress(reader: ByteReader): Address {
  const bytes = reader.bytes(UNIX_PATH_BYTES);
  const isAbstract = bytes[0] === 0 && bytes[1] !== 0;
  const name = isAbstract ? bytes.subarray(1) : bytes;
  const end = name.indexOf(0);
  const path = new TextDecoder().decode(end < 0 ? name : name.subarray(0, end));
  return { kind: "unix", path: isAbstract ? `@${path}` : path };
}

function command(bytes: Uint8Array): number {
  return (bytes[VERSION_AND_COMMAND] ?? 0) & 0x0f;
}

function familyCode(bytes: Uint8Array): number {
  return (bytes[FAMILY_AND_PROTOCOL] ?? 0) >> 4;
}

function protocolCode(bytes: Uint8Array): number {
  return (bytes[FAMILY_AND_PROTOCOL] ?? 0) & 0x0f;
}

function blockBytes(bytes: Uint8Array): number {
  return ((bytes[LENGTH] ?? 0) << 8) | (bytes[LENGTH + 1] ?? 0);
}

/**
 * Encodes the header that nearly every connection has, of two IPv4 addresses (plain or IPv4-mapped) and nothing else, as
 * {@link encodeProxyV2} does in twice the time; `undefined` for any other.
 */
export function encodeIpv4ProxyV2(
  { source, destination, tlvs, crc32c }: ProxyHeaderOptions,
): Uint8Array<ArrayBuffer> | undefined {
  if (source?.kind !== "tcp" || destination?.kind !== "tcp") return undefined;
  if (crc32c === true || (tlvs !== undefined && tlvs.length > 0)) return undefined;
  const from = ipv4Number(source.host);
  const to = ipv4Number(destination.host);
  if (from === undefined || to === undefined) return undefined;
  const header = IPV4_HEADER.slice();
  putUint16(header, PROXY_V2_FIXED_BYTES, from >>> 16);
  putUint16(header, PROXY_V2_FIXED_BYTES + 2, from);
  putUint16(header, PROXY_V2_FIXED_BYTES + 4, to >>> 16);
  putUint16(header, PROXY_V2_FIXED_BYTES + 6, to);
  putUint16(header, PROXY_V2_FIXED_BYTES + 8, source.port);
  putUint16(header, PROXY_V2_FIXED_BYTES + 10, destination.port);
  return header;
}

/** Its bytes without addresses and ports. */
const IPV4_HEADER = Uint8Array.of(
  ...PROXY_V2_SIGNATURE,
  (PROXY_V2_VERSION << 4) | PROXY_V2_COMMAND.proxy,
  (PROXY_V2_FAMILY.inet << 4) | PROXY_V2_PROTOCOL.stream,
  0,
  PROXY_V2_ADDRESS_BYTES.inet,
  ...new Uint8Array(PROXY_V2_ADDRESS_BYTES.inet),
);

function putUint16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

/** Encodes a v2 header (section 2.2); without addresses it is LOCAL, or PROXY of no family where there are fields. */
export function encodeProxyV2(
  pair: IpPair | undefined,
  { source, tlvs = [], crc32c: isSummed = false }: ProxyHeaderOptions,
): Uint8Array<ArrayBuffer> {
  const isLocal = pair === undefined && (source === undefined || tlvs.length === 0);
  const ipBytes = pair?.source.ip.length ?? 0;
  const fieldsAt = PROXY_V2_FIXED_BYTES + (pair === undefined ? 0 : 2 * ipBytes + 4);
  const sumBytes = isSummed ? TLV_HEADER_BYTES + CRC32C_BYTES : 0;
  const fields = isLocal ? [] : fitting(tlvs, MAX_PROXY_HEADER_BYTES - fieldsAt - sumBytes);
  const header = new Uint8Array(fields.reduce((sum, { length }) => sum + length, fieldsAt) + sumBytes);
  const view = new DataView(header.buffer);
  header.set(PROXY_V2_SIGNATURE);
  view.setUint8(
    VERSION_AND_COMMAND,
    (PROXY_V2_VERSION << 4) | (isLocal ? PROXY_V2_COMMAND.local : PROXY_V2_COMMAND.proxy),
  );
  view.setUint16(LENGTH, header.length - PROXY_V2_FIXED_BYTES);
  if (pair !== undefined) {
    const family = pair.isIpv4 ? PROXY_V2_FAMILY.inet : PROXY_V2_FAMILY.inet6;
    view.setUint8(FAMILY_AND_PROTOCOL, (family << 4) | PROXY_V2_PROTOCOL.stream);
    header.set(pair.source.ip, PROXY_V2_FIXED_BYTES);
    header.set(pair.destination.ip, PROXY_V2_FIXED_BYTES + ipBytes);
    view.setUint16(PROXY_V2_FIXED_BYTES + 2 * ipBytes, pair.source.port);
    view.setUint16(PROXY_V2_FIXED_BYTES + 2 * ipBytes + 2, pair.destination.port);
  }
  let at = fieldsAt;
  for (const field of fields) {
    header.set(field, at);
    at += field.length;
  }
  if (!isSummed) return header;
  // The checksum covers the header with zeros in its own place.
  header.set(encodeTlv({ type: PROXY_V2_TLV.crc32c, value: new Uint8Array(CRC32C_BYTES) }), at);
  view.setUint32(at + TLV_HEADER_BYTES, crc32c(header));
  return header;
}

/** Returns the encoded fields that fit. */
function fitting(tlvs: readonly ProxyTlv[], room: number): Uint8Array[] {
  const fields: Uint8Array[] = [];
  let left = room;
  for (const tlv of tlvs) {
    if (TLV_HEADER_BYTES + tlv.value.length > left) continue;
    const field = encodeTlv(tlv);
    fields.push(field);
    left -= field.length;
  }
  return fields;
}
