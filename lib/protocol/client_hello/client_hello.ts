/**
 * Parses the ClientHello at the start of a TLS connection, without taking part in the handshake.
 *
 * Sources: RFC 8446 sections 4.1.2 and 5.1 (TLS 1.3), RFC 5246 section 6.2.1 (TLS 1.2), RFC 6066 section 3 (server
 * name), RFC 7301 section 3.1 (ALPN), RFC 8701 (GREASE: meaningless values that must be ignored).
 *
 * @module
 */

import { parseHelloBody } from "./_hello_body.ts";
import type { ClientHelloVerdict } from "./client_hello_verdict.ts";

/**
 * Longest ClientHello in bytes, including its four-byte header. One with a post-quantum key share has about 1.8 KiB,
 * and a session ticket that contains a client certificate adds a few. HAProxy's default buffer and BoringSSL's limit
 * for a handshake message have the same size.
 */
export const MAX_CLIENT_HELLO_BYTES = 16 * 1024;

/**
 * Most bytes inspected for a ClientHello, record headers included. A record has a five-byte header and may carry a
 * single byte, which censorship circumvention tools make use of. This allowance lets a hello of up to 5.3 KiB through
 * in that form, and any hello in records of six bytes or more.
 */
export const MAX_CLIENT_HELLO_WIRE_BYTES = 2 * MAX_CLIENT_HELLO_BYTES;

const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO_MESSAGE = 1;
const RECORD_HEADER_BYTES = 5;
const MESSAGE_HEADER_BYTES = 4;

/** Longest plaintext record (RFC 8446 section 5.1). */
const MAX_RECORD_BYTES = 2 ** 14;

/** Major version of SSL 3.0 and all of TLS, and the highest minor version ever assigned. */
const VERSION_MAJOR = 3;
const VERSION_MINOR_MAX = 4;

const NEED_MORE: ClientHelloVerdict = { kind: "need_more" };
const NOT_TLS: ClientHelloVerdict = { kind: "not_tls" };
const TOO_LONG: ClientHelloVerdict = { kind: "too_long" };

/**
 * Parses the first bytes of a connection, without consuming them. Never throws. To parse the same bytes repeatedly as
 * they grow, use a {@link ClientHelloParser}.
 */
export function parseClientHello(bytes: Uint8Array): ClientHelloVerdict {
  return new ClientHelloParser().parse(bytes);
}

/**
 * Parses the growing beginning of a connection. It remembers the records it has seen, so the total time is linear in
 * the bytes, however small the pieces.
 */
export class ClientHelloParser {
  /** Start of the first incomplete record. */
  #recordStart = 0;
  /** Message bytes in the complete records before it. */
  #messageBytes = 0;
  /** Total message length including its header; `undefined` until that header is there. */
  #messageLength: number | undefined;
  #verdict: ClientHelloVerdict = NEED_MORE;

  /**
   * Parses the beginning of the connection.
   *
   * @param bytes all bytes of earlier calls, and possibly more.
   */
  parse(bytes: Uint8Array): ClientHelloVerdict {
    // Cut here, so that the verdict does not depend on how the bytes were split.
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
        `the first handshake message has type ${type}, expected ${CLIENT_HELLO_MESSAGE} (ClientHello)`,
      );
    }
    if (header.length < MESSAGE_HEADER_BYTES) return undefined;
    const body = ((header[1] ?? 0) << 16) | ((header[2] ?? 0) << 8) | (header[3] ?? 0);
    this.#messageLength = MESSAGE_HEADER_BYTES + body;
    return this.#messageLength > MAX_CLIENT_HELLO_BYTES ? TOO_LONG : undefined;
  }

  /**
   * Returns the first `length` bytes of the message, which must be there: a view if one record contains them, else a
   * copy.
   */
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

/** Checks the bytes of a record header that are there; only the first header can show that this is not TLS. */
function checkRecordHeader(bytes: Uint8Array, start: number): ClientHelloVerdict | undefined {
  const type = bytes[start] ?? HANDSHAKE_RECORD;
  const major = bytes[start + 1] ?? VERSION_MAJOR;
  // The record version says nothing about the offered version and must otherwise be ignored.
  const minor = bytes[start + 2] ?? 0;
  if (start === 0 && !(type === HANDSHAKE_RECORD && major === VERSION_MAJOR && minor <= VERSION_MINOR_MAX)) {
    return NOT_TLS;
  }
  if (type !== HANDSHAKE_RECORD) {
    return bad(
      `the ClientHello is interrupted by a record of type ${type}, expected ${HANDSHAKE_RECORD} (handshake)`,
    );
  }
  if (major !== VERSION_MAJOR) {
    return bad(`a record's version begins with ${major}, expected ${VERSION_MAJOR}`);
  }
  if (minor > VERSION_MINOR_MAX) {
    return bad(`a record has version 3.${minor}, expected 3.0 to 3.${VERSION_MINOR_MAX}`);
  }
  if (bytes.length < start + RECORD_HEADER_BYTES) return undefined;
  const length = recordBytes(bytes, start);
  if (length >= 1 && length <= MAX_RECORD_BYTES) return undefined;
  return bad(`a record announces ${length} bytes, expected 1 to ${MAX_RECORD_BYTES}`);
}

function recordBytes(bytes: Uint8Array, start: number): number {
  return ((bytes[start + 3] ?? 0) << 8) | (bytes[start + 4] ?? 0);
}

function bad(problem: string): ClientHelloVerdict {
  return { kind: "bad", problem };
}
