/**
 * How TLS begins in PostgreSQL: the client sends SSLRequest, the server answers `S` or `N`.
 *
 * Source: PostgreSQL 17 documentation, sections 53.2.10 (SSL), 53.2.11 (GSSAPI), 53.7 (message formats).
 *
 * @module
 */
import { earlyBytes, NO_BYTES, TLS_HANDSHAKE, type Upgrade, type UpgradeStep } from "./upgrade.ts";

/** The protocol that a client of PostgreSQL offers in its hello (ALPN), and must when it begins TLS directly. */
export const POSTGRES_ALPN = "postgresql";

/** In place of a protocol version, in the first message. */
const CODE = { cancel: 80877102, ssl: 80877103, gss: 80877104 } as const;

const HEADER_BYTES = 8;

/** The longest first message that servers take. */
const MAX_STARTUP_BYTES = 10_000;

const SSL_REQUEST = message(CODE.ssl);
const YES = ascii("S");
const NO = ascii("N");

/** The answers to a client. */
export interface PostgresClientOptions {
  /** `offer`: TLS begins here. `decline`: it does not, and a client that insists leaves. */
  readonly tls: "offer" | "decline";
  /** Whether a session may go on without TLS; with `decline` it may. */
  readonly plain: boolean;
}

/** Speaks with a client of PostgreSQL until TLS begins, or its session does. */
export class PostgresClientUpgrade implements Upgrade {
  readonly opening: Uint8Array = NO_BYTES;
  readonly #options: PostgresClientOptions;
  readonly #asked = new Set<number>();

  constructor(options: PostgresClientOptions) {
    this.#options = options;
  }

  read(bytes: Uint8Array): UpgradeStep {
    const isOffered = this.#options.tls === "offer";
    // PostgreSQL 17 and newer: TLS without asking for it.
    if (bytes[0] === TLS_HANDSHAKE) {
      return isOffered
        ? { kind: "done", length: 0, bytes: NO_BYTES, tls: true }
        : refused("the client begins TLS with its first byte, but the app has no TLS for clients");
    }
    if (bytes.length < HEADER_BYTES) return this.#checkStart(bytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const length = view.getUint32(0);
    const code = view.getUint32(4);
    if (length < HEADER_BYTES || length > MAX_STARTUP_BYTES) return notPostgres(bytes);
    if (code === CODE.ssl || code === CODE.gss) return this.#answer(code, length, bytes.length);
    // Older clients send it in plain text whatever their session is like, and servers take it so.
    if (code === CODE.cancel) return length >= 16 ? PLAIN : notPostgres(bytes);
    if (code >>> 16 !== 3 && code >>> 16 !== 2) return notPostgres(bytes);
    if (!isOffered || this.#options.plain) return PLAIN;
    return refused(
      "the client asked for no TLS, and the app requires it",
      fatal("28000", "TLS is required: connect with sslmode=require"),
    );
  }

  /** Whether the bytes can still become a message: a client of another protocol is not waited for. */
  #checkStart(bytes: Uint8Array): UpgradeStep {
    const isLong = (bytes[0] ?? 0) > 0 || (bytes[1] ?? 0) > 0;
    return isLong ? notPostgres(bytes) : { kind: "need_more", atLeast: HEADER_BYTES };
  }

  #answer(code: number, length: number, held: number): UpgradeStep {
    const name = code === CODE.ssl ? "SSLRequest" : "GSSENCRequest";
    if (length !== HEADER_BYTES) return refused(`the client's ${name} has ${length} bytes, not 8`);
    if (this.#asked.has(code)) return refused(`the client sent ${name} twice`);
    this.#asked.add(code);
    if (code === CODE.gss || this.#options.tls === "decline") return { kind: "reply", length, bytes: NO };
    if (held > length) return refused(earlyBytes("client", held - length));
    return { kind: "done", length, bytes: YES, tls: true };
  }
}

const PLAIN: UpgradeStep = { kind: "done", length: 0, bytes: NO_BYTES, tls: false };

/** Asks a PostgreSQL server for TLS. */
export class PostgresTargetUpgrade implements Upgrade {
  readonly opening: Uint8Array = SSL_REQUEST;

  read(bytes: Uint8Array): UpgradeStep {
    const [answer] = bytes;
    if (answer === undefined) return { kind: "need_more" };
    if (answer === YES[0]) {
      return bytes.length > 1
        ? refused(earlyBytes("target", bytes.length - 1))
        : { kind: "done", length: 1, bytes: NO_BYTES, tls: true };
    }
    if (answer === NO[0]) return refused("the target declines TLS: turn on ssl in its postgresql.conf");
    if (answer === 0x45) return readError(bytes);
    return refused(`the target answers SSLRequest with byte ${answer}: it is no PostgreSQL server`);
  }
}

/** The longest error of a server that is read; a longer one is cut. */
const MAX_ERROR_BYTES = 2048;

/** A server that cannot start a session says so before TLS. */
function readError(bytes: Uint8Array): UpgradeStep {
  if (bytes.length < 5) return { kind: "need_more", atLeast: 5 };
  const length = 1 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
  const end = Math.min(length, MAX_ERROR_BYTES);
  if (bytes.length < end) return { kind: "need_more", atLeast: end };
  const fields = new TextDecoder().decode(bytes.subarray(5, end)).split("\0");
  const text = fields.find((field) => field.startsWith("M"))?.slice(1);
  return refused(`the target answers SSLRequest with an error${text === undefined ? "" : ` ("${text}")`}`);
}

function refused(problem: string, bytes: Uint8Array = NO_BYTES): UpgradeStep {
  return { kind: "refused", bytes, problem };
}

function notPostgres(bytes: Uint8Array): UpgradeStep {
  const hex = [...bytes.subarray(0, HEADER_BYTES)].map((byte) => byte.toString(16).padStart(2, "0")).join(
    " ",
  );
  return refused(`the client speaks no PostgreSQL: its first bytes are ${hex}`);
}

/** An ErrorResponse that ends a session. */
function fatal(code: string, text: string): Uint8Array {
  const fields = ascii(`SFATAL\0VFATAL\0C${code}\0M${text}\0\0`);
  const bytes = new Uint8Array(5 + fields.length);
  bytes[0] = 0x45;
  new DataView(bytes.buffer).setUint32(1, 4 + fields.length);
  bytes.set(fields, 5);
  return bytes;
}

function message(code: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, HEADER_BYTES);
  view.setUint32(4, code);
  return bytes;
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
