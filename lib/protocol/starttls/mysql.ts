/**
 * How TLS begins in MySQL and MariaDB: the server greets, the client answers with a short packet that asks for TLS, and
 * sends its whole answer under TLS. That short packet counts: the packets of a side with TLS are numbered one higher
 * until the client is logged in.
 *
 * Sources: MySQL 8.4 source documentation, "Connection Phase" and "Protocol::SSLRequest"; MariaDB knowledge base,
 * "Connecting".
 *
 * @module
 */
import { NO_BYTES, type Upgrade, type UpgradeStep } from "./upgrade.ts";

/** The longest packet of a login that is read; a client may send attributes of up to 64 KiB. */
export const MAX_MYSQL_LOGIN_BYTES = 68 * 1024;

/** A packet of a login. */
export interface MysqlPacket {
  readonly sequence: number;
  readonly payload: Uint8Array;
  /** The bytes that it takes, its header included. */
  readonly length: number;
}

/** The first packet in the bytes. */
export type MysqlPacketVerdict =
  | { readonly kind: "need_more"; readonly atLeast: number }
  | ({ readonly kind: "packet" } & MysqlPacket)
  | { readonly kind: "bad"; readonly problem: string };

const HEADER_BYTES = 4;

/** Reads the first packet held. Never throws; the payload is a view, and empty where a client has no password. */
export function readMysqlPacket(bytes: Uint8Array): MysqlPacketVerdict {
  if (bytes.length < HEADER_BYTES) return { kind: "need_more", atLeast: HEADER_BYTES };
  const size = (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8) | ((bytes[2] ?? 0) << 16);
  const length = HEADER_BYTES + size;
  if (length > MAX_MYSQL_LOGIN_BYTES) {
    return { kind: "bad", problem: `a packet of ${size} bytes is none of MySQL's login` };
  }
  if (bytes.length < length) return { kind: "need_more", atLeast: length };
  return { kind: "packet", sequence: bytes[3] ?? 0, payload: bytes.subarray(HEADER_BYTES, length), length };
}

/** Writes a packet. */
export function mysqlPacket(sequence: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  bytes[0] = payload.length & 0xff;
  bytes[1] = (payload.length >>> 8) & 0xff;
  bytes[2] = payload.length >>> 16;
  bytes[3] = sequence & 0xff;
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

/** A server's greeting can be read as far as its capabilities. */
const GREETING_VERSION = 10;

/** Capabilities. */
const PROTOCOL_41 = 0x0200;
const SSL = 0x0800;

/** Bytes of a client's answer that the request for TLS consists of. */
const SSL_REQUEST_BYTES = 32;

/** Where the low half of a greeting's capabilities is; `undefined` where it has none. */
function capabilitiesAt(greeting: Uint8Array): number | undefined {
  const nul = greeting.indexOf(0, 1);
  // Behind the version: a thread id, eight bytes of the salt, and a zero.
  const at = nul + 1 + 4 + 8 + 1;
  return greeting[0] !== GREETING_VERSION || nul === -1 || at + 2 > greeting.length ? undefined : at;
}

/** The greeting of a server as its client is to see it: with TLS on offer, or without. */
export function mysqlGreeting(greeting: Uint8Array, offersTls: boolean): Uint8Array {
  const at = capabilitiesAt(greeting);
  return at === undefined ? greeting : withFlag(greeting, at, offersTls);
}

/** Whether a client's first packet asks for TLS. */
export function isMysqlSslRequest(payload: Uint8Array): boolean {
  return payload.length === SSL_REQUEST_BYTES && hasTls(payload, 0);
}

/** Whether a client's packet is the answer to a greeting that servers of this age understand. */
export function isMysqlAnswer(payload: Uint8Array): boolean {
  return payload.length > SSL_REQUEST_BYTES && (uint16(payload, 0) & PROTOCOL_41) !== 0;
}

/** A client's answer as the server is to see it: of a connection with TLS, or without. */
export function mysqlAnswer(payload: Uint8Array, withTls: boolean): Uint8Array {
  return withFlag(payload, 0, withTls);
}

/** The request for TLS that goes before a client's answer. */
export function mysqlSslRequest(answer: Uint8Array): Uint8Array {
  return withFlag(answer.subarray(0, SSL_REQUEST_BYTES), 0, true);
}

/** A server's message in a login: it ends the login, needs no answer, or waits for the client. */
export function mysqlTurn(payload: Uint8Array): "over" | "server" | "client" {
  const [type, detail] = payload;
  if (type === 0x00 || type === 0xff) return "over";
  // The password was in the server's cache: the end follows by itself.
  return type === 0x01 && detail === 0x03 && payload.length === 2 ? "server" : "client";
}

/** The packet that refuses a client without TLS. */
export function mysqlTlsRequired(sequence: number): Uint8Array {
  const text = "TLS is required: connect with --ssl-mode=REQUIRED (MariaDB: --ssl)";
  // ER_SECURE_TRANSPORT_REQUIRED
  const code = 3159;
  const state = new TextEncoder().encode(`#HY000${text}`);
  return mysqlPacket(sequence, Uint8Array.of(0xff, code & 0xff, code >>> 8, ...state));
}

/** Reads the greeting of a MySQL server, which a client is then shown. */
export class MysqlTargetGreeting implements Upgrade {
  readonly opening: Uint8Array = NO_BYTES;
  /** The payload, once it was read. */
  greeting: Uint8Array = NO_BYTES;
  readonly #needsTls: boolean;

  /** @param options `tls` is whether the server must offer it. */
  constructor(options: { readonly tls: boolean }) {
    this.#needsTls = options.tls;
  }

  read(bytes: Uint8Array): UpgradeStep {
    const packet = readMysqlPacket(bytes);
    if (packet.kind === "need_more") return packet;
    if (packet.kind === "bad") return refused(`the target is no MySQL server: ${packet.problem}`);
    const { payload, length } = packet;
    if (payload[0] === 0xff) {
      const text = new TextDecoder().decode(payload.subarray(3)).slice(0, 200);
      return refused(`the target greets with an error (${JSON.stringify(text)})`);
    }
    const at = capabilitiesAt(payload);
    if (at === undefined) return refused("the target is no MySQL server: its greeting cannot be read");
    if (this.#needsTls && !hasTls(payload, at)) {
      return refused("the target offers no TLS: give it a certificate (ssl_cert, ssl_key)");
    }
    this.greeting = payload.slice();
    return { kind: "done", length, bytes: NO_BYTES, tls: false };
  }
}

function refused(problem: string): UpgradeStep {
  return { kind: "refused", bytes: NO_BYTES, problem };
}

function hasTls(bytes: Uint8Array, at: number): boolean {
  return (uint16(bytes, at) & SSL) !== 0;
}

function withFlag(bytes: Uint8Array, at: number, isSet: boolean): Uint8Array {
  const changed = bytes.slice();
  const flags = uint16(bytes, at);
  const value = isSet ? flags | SSL : flags & ~SSL;
  changed[at] = value & 0xff;
  changed[at + 1] = value >>> 8;
  return changed;
}

function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}
