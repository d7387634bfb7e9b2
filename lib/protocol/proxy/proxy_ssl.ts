import { ByteReader } from "../_byte_reader.ts";
import { encodeTlv, hexByte, utf8 } from "./_tlv.ts";
import { PROXY_V2_TLV } from "./proxy_codes.ts";

/** A sender's description of the TLS connection that it terminated (PROXY protocol section 2.2.6). */
export interface ProxySsl {
  /** The client came over TLS. */
  readonly overTls: boolean;
  /** When the client gave a certificate: on this connection, earlier in its TLS session, or never. */
  readonly presented: "connection" | "session" | "never";
  /** The client gave a certificate and it was found good. */
  readonly verified: boolean;
  /** The version of TLS as text (`TLSv1.3`). */
  readonly version: string | undefined;
  /** The common name of the client's certificate. */
  readonly commonName: string | undefined;
  /** The cipher, as OpenSSL calls it (`TLS_AES_128_GCM_SHA256`). */
  readonly cipher: string | undefined;
  /** The client's certificate in DER. Not every receiver knows this part. */
  readonly certificate: Uint8Array | undefined;
}

const SSL_CLIENT = { ssl: 0x01, certConn: 0x02, certSess: 0x04 } as const;

/** The result of a failed verification. */
const NOT_VERIFIED = 1;

/** Flags and the result of the verification. */
const FIXED_BYTES = 5;

/** Why a value is no TLS field; `undefined` where it is one. */
export function checkProxySsl(value: Uint8Array): string | undefined {
  const reader = new ByteReader(value);
  reader.bytes(FIXED_BYTES);
  if (reader.overrun) return `the TLS field has ${value.length} bytes, expected at least ${FIXED_BYTES}`;
  while (reader.remaining > 0) {
    const type = reader.uint8();
    reader.vector16();
    if (reader.overrun) return `the field ${hexByte(type)} runs past the end of the TLS field`;
  }
  return undefined;
}

/** Reads a value that {@link checkProxySsl} has found good. */
export function parseProxySsl(value: Uint8Array): ProxySsl {
  const reader = new ByteReader(value);
  const client = reader.uint8();
  const verify = reader.uint32();
  const parts = new Map<number, Uint8Array>();
  while (reader.remaining > 0) {
    const type = reader.uint8();
    const part = reader.vector16();
    if (!parts.has(type)) parts.set(type, part);
  }
  const presented = (client & SSL_CLIENT.certConn) !== 0
    ? "connection"
    : (client & SSL_CLIENT.certSess) !== 0
    ? "session"
    : "never";
  const text = (type: number): string | undefined => {
    const part = parts.get(type);
    return part === undefined ? undefined : new TextDecoder().decode(part);
  };
  return {
    overTls: (client & SSL_CLIENT.ssl) !== 0,
    presented,
    // The result of the verification alone says little: some send zero too where no certificate was asked for.
    verified: presented !== "never" && verify === 0,
    version: text(PROXY_V2_TLV.sslVersion),
    commonName: text(PROXY_V2_TLV.sslCn),
    cipher: text(PROXY_V2_TLV.sslCipher),
    certificate: parts.get(PROXY_V2_TLV.sslClientCert),
  };
}

/** Encodes the value of a TLS field. */
export function encodeProxySsl(ssl: ProxySsl): Uint8Array<ArrayBuffer> {
  const { overTls, presented, verified } = ssl;
  const shown = presented === "connection"
    ? SSL_CLIENT.certConn | SSL_CLIENT.certSess
    : presented === "session"
    ? SSL_CLIENT.certSess
    : 0;
  const parts = [
    [PROXY_V2_TLV.sslVersion, ssl.version],
    [PROXY_V2_TLV.sslCn, ssl.commonName],
    [PROXY_V2_TLV.sslCipher, ssl.cipher],
    [PROXY_V2_TLV.sslClientCert, ssl.certificate],
  ] as const;
  const encoded = parts.flatMap(([type, value]) => {
    if (value === undefined) return [];
    return [encodeTlv({ type, value: typeof value === "string" ? utf8(value) : value })];
  });
  const bytes = new Uint8Array(encoded.reduce((sum, { length }) => sum + length, FIXED_BYTES));
  bytes[0] = (overTls ? SSL_CLIENT.ssl : 0) | shown;
  new DataView(bytes.buffer).setUint32(1, verified ? 0 : NOT_VERIFIED);
  let at = FIXED_BYTES;
  for (const part of encoded) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
