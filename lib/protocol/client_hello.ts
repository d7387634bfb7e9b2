/**
 * Reads the ClientHello that a TLS connection begins with, without taking part in the handshake.
 *
 * Sources: RFC 8446 sections 4.1.2 and 5.1 (TLS 1.3), RFC 5246 section 6.2.1 (TLS 1.2), RFC 6066 section 3 (server
 * name), RFC 7301 section 3.1 (ALPN), RFC 8701 (GREASE: values that mean nothing and must be passed over).
 *
 * @module
 */

import { parseHelloBody } from "./_hello_body.ts";

/** A version of TLS that a client offers. */
export type TlsVersion = "SSLv3" | "TLSv1.0" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";

/** What a client asks for before any key is agreed on. With encrypted hellos (ECH) these are the outer values. */
export interface ClientHello {
  /**
   * The host name asked for, in lower case and without closing dot; `undefined` when there is none. An IP address in its
   * place, which RFC 6066 forbids and some clients send, counts as none.
   */
  readonly sni: string | undefined;
  /** The application protocols offered, in the client's order, one character a byte; empty when there are none. */
  readonly alpn: readonly string[];
  /** The highest version offered; `undefined` when the client offers only versions that are not known here. */
  readonly tlsVersion: TlsVersion | undefined;
}

/** What the first bytes of a connection are, as far as they have come. */
export type ClientHelloVerdict =
  /** They may become a ClientHello. */
  | { readonly kind: "need_more" }
  /** They begin with a whole one. */
  | ({ readonly kind: "hello" } & ClientHello)
  /** They are another protocol's. */
  | { readonly kind: "not_tls" }
  /** They are TLS, but no ClientHello that a server could read; `problem` says what is and what was wanted. */
  | { readonly kind: "bad"; readonly problem: string }
  /** The ClientHello is longer than is read here. */
  | { readonly kind: "too_long" };

/**
 * The longest ClientHello in bytes, with its own header of four. One with a post-quantum key share has about 1.8 KiB, a
 * session ticket with a client's certificate in it adds a few. The default buffer of HAProxy and BoringSSL's limit for a
 * handshake message have this size too.
 */
export const MAX_CLIENT_HELLO_BYTES = 16 * 1024;

/**
 * The most bytes of a connection that are looked at for a ClientHello, record headers included. A record's header has
 * five bytes and a record may carry a single byte, which tools against censorship make use of; what is allowed beyond
 * the hello lets one of up to 5.3 KiB come so, and any hello in records of six bytes and more.
 */
export const MAX_CLIENT_HELLO_WIRE_BYTES = 2 * MAX_CLIENT_HELLO_BYTES;

const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO_MESSAGE = 1;
const RECORD_HEADER_BYTES = 5;
const MESSAGE_HEADER_BYTES = 4;

/** The longest record in the clear (RFC 8446 section 5.1). */
const MAX_RECORD_BYTES = 2 ** 14;

/** The high byte of every version of SSL 3.0 and TLS, and the highest low byte that was ever assigned. */
const VERSION_MAJOR = 3;
const VERSION_MINOR_MAX = 4;

const NEED_MORE: ClientHelloVerdict = { kind: "need_more" };
const NOT_TLS: ClientHelloVerdict = { kind: "not_tls" };
const TOO_LONG: ClientHelloVerdict = { kind: "too_long" };

/**
 * Looks at the bytes that a connection began with, and consumes none. Never throws. Where the same bytes will be looked
 * at again as they grow, a {@link ClientHelloParser} saves doing the work anew.
 */
export function parseClientHello(bytes: Uint8Array): ClientHelloVerdict {
  return new ClientHelloParser().parse(bytes);
}

/**
 * Looks at the growing beginning of one connection. It remembers which records it has been through, so that all calls
 * together take time in proportion to the bytes, however small the pieces they come in.
 */
export class ClientHelloParser {
  /** Where the first record that is not yet whole begins. */
  #recordStart = 0;
  /** Bytes of the message in whole records before that. */
  #messageBytes = 0;
  /** What the message has in all, its header included; `undefined` until that header is there. */
  #messageLength: number | undefined;
  #verdict: ClientHelloVerdict = NEED_MORE;

  /**
   * Looks at the beginning of the connection.
   *
   * @param bytes all bytes of the calls before, and perhaps more.
   */
  parse(bytes: Uint8Array): ClientHelloVerdict {
    // Cut here, so that the verdict does not depend on the pieces that the bytes came in.
    if (this.#verdict.kind === "need_more") {
      this.#verdict = this.#step(bytes.subarray(0, MAX_CLIENT_HELLO_WIRE_BYTES));
    }
    return this.#verdict;
  }

  #step(bytes: Uint8Array): ClientHelloVerdict {
    while (this.#recordStart < bytes.length) {
      const refusal = checkRecordHeader(bytes, this.#recordStart);
      if (refusal !== undefined) return refusal;
      const fragmentStart = this.#recordStart + RECORD_HEADER_BYTES;
      if (bytes.length <= fragmentStart) break;

      const fragmentEnd = fragmentStart + recordBytes(bytes, this.#recordStart);
      const present = this.#messageBytes + Math.min(bytes.length, fragmentEnd) - fragmentStart;
      const problem = this.#readMessageHeader(bytes, present);
      if (problem !== undefined) return problem;
      if (this.#messageLength !== undefined && present >= this.#messageLength) {
        return parseHelloBody(this.#message(bytes, this.#messageLength).subarray(MESSAGE_HEADER_BYTES));
      }
      if (bytes.length < fragmentEnd) break;
      this.#recordStart = fragmentEnd;
      this.#messageBytes = present;
    }
    return bytes.length >= MAX_CLIENT_HELLO_WIRE_BYTES ? TOO_LONG : NEED_MORE;
  }

  #readMessageHeader(bytes: Uint8Array, present: number): ClientHelloVerdict | undefined {
    if (this.#messageLength !== undefined) return undefined;
    const header = this.#message(bytes, Math.min(present, MESSAGE_HEADER_BYTES));
    const type = header[0] ?? 0;
    if (type !== CLIENT_HELLO_MESSAGE) {
      return bad(
        `the first handshake message has type ${type}, ${CLIENT_HELLO_MESSAGE} (ClientHello) was wanted`,
      );
    }
    if (header.length < MESSAGE_HEADER_BYTES) return undefined;
    const body = ((header[1] ?? 0) << 16) | ((header[2] ?? 0) << 8) | (header[3] ?? 0);
    this.#messageLength = MESSAGE_HEADER_BYTES + body;
    return this.#messageLength > MAX_CLIENT_HELLO_BYTES ? TOO_LONG : undefined;
  }

  /** The first `length` bytes of the message, all of which are there: a view where one record holds them, else a copy. */
  #message(bytes: Uint8Array, length: number): Uint8Array {
    const first = bytes.subarray(RECORD_HEADER_BYTES, RECORD_HEADER_BYTES + recordBytes(bytes, 0));
    if (first.length >= length) return first.subarray(0, length);
    const message = new Uint8Array(length);
    let start = 0;
    for (let at = 0; at < length;) {
      const end = start + RECORD_HEADER_BYTES + recordBytes(bytes, start);
      const fragment = bytes.subarray(start + RECORD_HEADER_BYTES, end).subarray(0, length - at);
      message.set(fragment, at);
      at += fragment.length;
      start = end;
    }
    return message;
  }
}

/** Checks what is there of a record's header; only the first one's can show that this is no TLS. */
function checkRecordHeader(bytes: Uint8Array, start: number): ClientHelloVerdict | undefined {
  const type = bytes[start] ?? HANDSHAKE_RECORD;
  const major = bytes[start + 1] ?? VERSION_MAJOR;
  // The version of a record says nothing about the version offered and must be ignored otherwise.
  const minor = bytes[start + 2] ?? 0;
  if (start === 0 && !(type === HANDSHAKE_RECORD && major === VERSION_MAJOR && minor <= VERSION_MINOR_MAX)) {
    return NOT_TLS;
  }
  if (type !== HANDSHAKE_RECORD) {
    return bad(
      `a record of type ${type} stands within the ClientHello, ${HANDSHAKE_RECORD} (handshake) was wanted`,
    );
  }
  if (major !== VERSION_MAJOR) {
    return bad(`a record's version begins with ${major}, ${VERSION_MAJOR} was wanted`);
  }
  if (minor > VERSION_MINOR_MAX) {
    return bad(`a record has version 3.${minor}, 3.0 to 3.${VERSION_MINOR_MAX} was wanted`);
  }
  if (bytes.length < start + RECORD_HEADER_BYTES) return undefined;
  const length = recordBytes(bytes, start);
  if (length >= 1 && length <= MAX_RECORD_BYTES) return undefined;
  return bad(`a record announces ${length} bytes, 1 to ${MAX_RECORD_BYTES} were wanted`);
}

function recordBytes(bytes: Uint8Array, start: number): number {
  return ((bytes[start + 3] ?? 0) << 8) | (bytes[start + 4] ?? 0);
}

function bad(problem: string): ClientHelloVerdict {
  return { kind: "bad", problem };
}
