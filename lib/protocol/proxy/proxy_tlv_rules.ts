/**
 * Which fields (TLV) a PROXY v2 header carries to a target.
 *
 * @module
 */

import { encodeProxySsl, type ProxySsl } from "./proxy_ssl.ts";
import { PROXY_V2_TLV } from "./proxy_codes.ts";
import type { ProxyTlv } from "./proxy_tlv.ts";
import type { ProxyTlvs } from "./proxy_tlvs.ts";
import { utf8 } from "./_tlv.ts";

/** The fields sent to a target. */
export interface ProxyTlvRules {
  /** The server name that the client asks for. */
  readonly authority: boolean;
  /** The protocol that TLS ending here has agreed on. */
  readonly alpn: boolean;
  /** A name of the connection. */
  readonly uniqueId: boolean;
  /** The TLS that ended here. */
  readonly ssl: boolean;
  /** The client's certificate, within the field of the TLS that ended here. */
  readonly clientCertificate: boolean;
  readonly crc32c: boolean;
  /** Types of the fields that are passed on as they came. */
  readonly pass: "all" | readonly number[];
  /** Fields that every header has. */
  readonly add: readonly ProxyTlv[];
}

/** The known facts about a connection; `undefined` for unknown ones. */
export interface ProxyTlvFacts {
  readonly sni: string | undefined;
  readonly alpn: string | undefined;
  readonly uniqueId: string | undefined;
  readonly ssl: ProxySsl | undefined;
  /** The fields of the header that came with it. */
  readonly received: ProxyTlvs | undefined;
}

/**
 * The longest certificate that is sent, in bytes of DER. Receivers take headers of 4 KiB at least, and the other fields
 * must fit too.
 */
export const MAX_SENT_CERTIFICATE_BYTES = 3072;

/** Types that say something of one header alone, and are never passed on. */
const OF_ONE_HEADER: readonly number[] = [PROXY_V2_TLV.crc32c, PROXY_V2_TLV.noop];

/**
 * The fields for one connection, each type once. What the operator fixed wins, then what this proxy knows itself, then
 * what it received; but a unique id that came and is passed on stays, because others have logged it by then.
 */
export function chooseTlvs(rules: ProxyTlvRules, facts: ProxyTlvFacts): ProxyTlv[] {
  const fields = new Map<number, Uint8Array>(rules.add.map(({ type, value }) => [type, value]));
  const offer = (type: number, value: Uint8Array | undefined): void => {
    if (value !== undefined && !fields.has(type)) fields.set(type, value);
  };
  const { received } = facts;
  const isPassed = (type: number): boolean =>
    !OF_ONE_HEADER.includes(type) && (rules.pass === "all" || rules.pass.includes(type));

  if (rules.authority) offer(PROXY_V2_TLV.authority, textValue(facts.sni));
  if (rules.alpn) offer(PROXY_V2_TLV.alpn, textValue(facts.alpn));
  if (isPassed(PROXY_V2_TLV.uniqueId)) offer(PROXY_V2_TLV.uniqueId, received?.uniqueId);
  if (rules.uniqueId) offer(PROXY_V2_TLV.uniqueId, textValue(facts.uniqueId));
  if (rules.ssl && facts.ssl !== undefined) offer(PROXY_V2_TLV.ssl, sslValue(facts.ssl, rules));
  for (const { type, value } of received?.fields() ?? []) if (isPassed(type)) offer(type, value);
  return Array.from(fields, ([type, value]) => ({ type, value }));
}

function textValue(text: string | undefined): Uint8Array | undefined {
  return text === undefined ? undefined : utf8(text);
}

function sslValue(ssl: ProxySsl, { clientCertificate }: ProxyTlvRules): Uint8Array {
  const isSent = clientCertificate && (ssl.certificate?.length ?? 0) <= MAX_SENT_CERTIFICATE_BYTES;
  return encodeProxySsl(isSent ? ssl : { ...ssl, certificate: undefined });
}
