import { concat, utf8 } from "../bytes.ts";

/** A ClientHello byte for byte, right or wrong. */
export interface HelloParts {
  /** Version field of the message; default TLS 1.2, as TLS 1.3 has it too. */
  readonly legacyVersion?: number;
  readonly sessionId?: Uint8Array;
  readonly cipherSuites?: Uint8Array;
  readonly compressions?: Uint8Array;
  /** `undefined` leaves the extensions' length out too, as old clients do; default none, with their length. */
  readonly extensions?: readonly Uint8Array[] | undefined;
  /** What follows the extensions; default nothing. */
  readonly trailing?: Uint8Array;
}

/** How a message is cut into records. */
export interface RecordParts {
  /** Bytes of the message a record, the last size repeated; default all in one. */
  readonly sizes?: readonly number[];
  /** Low byte of each record's version in turn; default 1. */
  readonly minors?: readonly number[];
}

/** A handshake message with its header. */
export function buildHelloMessage(parts: HelloParts = {}): Uint8Array {
  const extensions = "extensions" in parts ? parts.extensions : [];
  const body = concat(
    uint16(parts.legacyVersion ?? 0x0303),
    new Uint8Array(32).fill(7),
    vector8(parts.sessionId ?? new Uint8Array(32)),
    vector16(parts.cipherSuites ?? Uint8Array.of(0x13, 0x01, 0xc0, 0x2f)),
    vector8(parts.compressions ?? Uint8Array.of(0)),
    extensions === undefined ? new Uint8Array() : vector16(concat(...extensions)),
    parts.trailing ?? new Uint8Array(),
  );
  return buildMessage(1, body);
}

/** Any handshake message. */
export function buildMessage(type: number, body: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(type, body.length >> 16, (body.length >> 8) & 0xff, body.length & 0xff), body);
}

/** The records that carry a message. */
export function buildRecords(message: Uint8Array, parts: RecordParts = {}): Uint8Array {
  const records: Uint8Array[] = [];
  const { sizes = [message.length], minors = [1] } = parts;
  for (let at = 0; at < message.length;) {
    const size = sizes[Math.min(records.length, sizes.length - 1)] ?? message.length;
    const minor = minors[records.length % minors.length] ?? 1;
    records.push(record(22, message.subarray(at, at + size), minor));
    at += size;
  }
  return concat(...records);
}

/** One record. */
export function record(type: number, fragment: Uint8Array, minor = 1): Uint8Array {
  return concat(Uint8Array.of(type, 3, minor), vector16(fragment));
}

/** A hello in one record. */
export function buildHello(parts: HelloParts = {}): Uint8Array {
  return buildRecords(buildHelloMessage(parts));
}

/** An extension of any type. */
export function extension(type: number, data: Uint8Array): Uint8Array {
  return concat(uint16(type), vector16(data));
}

/** The server name extension, with a name as text or as bytes. */
export function serverName(name: string | Uint8Array): Uint8Array {
  return extension(0, vector16(serverNameEntry(0, name)));
}

/** One entry of a server name list. */
export function serverNameEntry(type: number, name: string | Uint8Array): Uint8Array {
  return concat(Uint8Array.of(type), vector16(typeof name === "string" ? utf8(name) : name));
}

/** The ALPN extension. */
export function alpn(...protocols: readonly string[]): Uint8Array {
  return extension(16, vector16(concat(...protocols.map((protocol) => vector8(utf8(protocol))))));
}

/** The supported versions extension. */
export function supportedVersions(...versions: readonly number[]): Uint8Array {
  return extension(43, vector8(concat(...versions.map(uint16))));
}

/** Two bytes in network order. */
export function uint16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}

/** Bytes behind their length in one byte. */
export function vector8(bytes: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(bytes.length), bytes);
}

/** Bytes behind their length in two bytes. */
export function vector16(bytes: Uint8Array): Uint8Array {
  return concat(uint16(bytes.length), bytes);
}
