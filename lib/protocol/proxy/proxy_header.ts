/**
 * The PROXY protocol, versions 1 and 2, receiving and sending: one proxy tells the next who the client is.
 *
 * Source: doc/proxy-protocol.txt of HAProxy, revision 2020/03/05, which section numbers below refer to.
 *
 * @module
 */

import type { ProxyVersion } from "../../base/mod.ts";
import { ipPair } from "./_ip_pair.ts";
import { encodeProxyV1, parseProxyV1 } from "./_proxy_v1.ts";
import { encodeIpv4ProxyV2, encodeProxyV2, parseProxyV2 } from "./_proxy_v2.ts";
import { PROXY_V1_PREFIX, PROXY_V2_SIGNATURE } from "./proxy_codes.ts";
import type { ProxyHeaderOptions, ProxyHeaderVerdict } from "./proxy_header_content.ts";

/** The shortest v1 header, `PROXY UNKNOWN` and CRLF. */
const SHORTEST_HEADER_BYTES = 15;

/** Bytes shown in a message when there is no header. */
const SHOWN_BYTES = 8;

/**
 * Parses the first bytes of a connection, without consuming them. May be called again with more bytes; never throws,
 * and ignores everything after the header.
 *
 * A receiver must be configured with the senders to trust (section 2): guessing from the bytes would let any client
 * claim any address.
 */
export function parseProxyHeader(bytes: Uint8Array): ProxyHeaderVerdict {
  if (beginsAlike(bytes, PROXY_V1_PREFIX)) {
    return bytes.length < PROXY_V1_PREFIX.length ? needMore(bytes) : parseProxyV1(bytes);
  }
  if (beginsAlike(bytes, PROXY_V2_SIGNATURE)) {
    return bytes.length < PROXY_V2_SIGNATURE.length ? needMore(bytes) : parseProxyV2(bytes);
  }
  const shown = Array.from(bytes.subarray(0, SHOWN_BYTES), (byte) => byte.toString(16).padStart(2, "0"));
  return {
    kind: "no_header",
    problem: `the connection begins with ${shown.join(" ")}, expected a PROXY protocol header`,
  };
}

function needMore(bytes: Uint8Array): ProxyHeaderVerdict {
  return { kind: "need_more", atLeast: Math.max(SHORTEST_HEADER_BYTES, bytes.length + 1) };
}

/** Whether an incomplete header is certain to be one: it has all of a prefix that nothing else begins with. */
export function isUnderWay(bytes: Uint8Array): boolean {
  return [PROXY_V1_PREFIX, PROXY_V2_SIGNATURE].some((prefix) =>
    bytes.length >= prefix.length && beginsAlike(bytes, prefix)
  );
}

function beginsAlike(bytes: Uint8Array, pattern: Uint8Array): boolean {
  const length = Math.min(bytes.length, pattern.length);
  for (let i = 0; i < length; i++) if (bytes[i] !== pattern[i]) return false;
  return true;
}

/**
 * Encodes the header that goes to a target before anything else, TLS included, and in one write.
 *
 * Two IPv4 addresses, each plain or IPv4-mapped, make an IPv4 header; any other two IP addresses an IPv6 one, in which an
 * IPv4 address is mapped (RFC 4291 section 2.5.5.2). Without two IP addresses (unix sockets, health checks) it is
 * `PROXY UNKNOWN` in v1 and LOCAL in v2, and the target uses the connection's own addresses. A v2 header could name
 * unix paths, but those of another machine mean nothing to the target. With fields to send for a client it is PROXY with
 * an unspecified family there, because a receiver drops those of LOCAL. Fields that would make the header longer than
 * {@link MAX_PROXY_HEADER_BYTES} are left out.
 */
export function encodeProxyHeader(
  version: ProxyVersion,
  options: ProxyHeaderOptions,
): Uint8Array<ArrayBuffer> {
  if (version === "v1") return encodeProxyV1(ipPair(options));
  return encodeIpv4ProxyV2(options) ?? encodeProxyV2(ipPair(options), options);
}
