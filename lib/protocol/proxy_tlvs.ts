import { ByteReader } from "./_byte_reader.ts";
import { crc32c } from "./crc32c.ts";
import { PROXY_V2_TLV } from "./proxy_codes.ts";

/** The longest unique id in bytes (PROXY protocol section 2.2.5). */
const MAX_UNIQUE_ID_BYTES = 128;

const CRC32C_BYTES = 4;

/** What a sender says of the TLS connection that it terminated (PROXY protocol section 2.2.6). */
export interface ProxySsl {
  /** The client came over TLS. */
  readonly overTls: boolean;
  /** The client gave a certificate, on this connection or earlier in its TLS session, and it was found good. */
  readonly verified: boolean;
  /** The version of TLS as text (`TLSv1.3`). */
  readonly version: string | undefined;
  /** The common name of the client's certificate. */
  readonly commonName: string | undefined;
}

/**
 * The type-length-value fields of a v2 header. The layout is checked when the header is parsed, values are decoded when
 * asked for. Where a type occurs twice, the first one counts; unknown types are kept and otherwise passed over.
 */
export class ProxyTlvs {
  /** No fields, as of a v1 header. */
  static readonly none: ProxyTlvs = new ProxyTlvs(new Map());

  readonly #values: ReadonlyMap<number, Uint8Array>;

  private constructor(values: ReadonlyMap<number, Uint8Array>) {
    this.#values = values;
  }

  /**
   * Reads the fields of a whole v2 header and checks their lengths and, if there is one, the checksum.
   *
   * @param header the header from its signature to its last byte; the result keeps no view on it.
   * @param offset where the fields begin.
   */
  static parse(header: Uint8Array, offset: number): ProxyTlvsVerdict {
    if (offset === header.length) return { kind: "tlvs", tlvs: ProxyTlvs.none };
    const values = new Map<number, Uint8Array>();
    // The values outlive the buffer that the header was peeked into.
    const reader = new ByteReader(header.slice(offset));
    let checked = false;
    while (reader.remaining > 0) {
      const type = reader.uint8();
      const value = reader.vector16();
      if (reader.overrun) {
        return { kind: "overrun", problem: `the field ${hex(type)} runs past the header's end` };
      }
      const problem = checkValue(type, value);
      if (problem !== undefined) return { kind: "bad", problem };
      if (type === PROXY_V2_TLV.crc32c) {
        if (checked) return { kind: "bad", problem: "there are two checksums, one was wanted" };
        checked = true;
        const wrong = checkCrc32c(header, offset + reader.offset - CRC32C_BYTES);
        if (wrong !== undefined) return { kind: "bad", problem: wrong };
      }
      if (!values.has(type)) values.set(type, value);
    }
    return { kind: "tlvs", tlvs: new ProxyTlvs(values) };
  }

  /** The value of the first field of a type, undecoded. */
  get(type: number): Uint8Array | undefined {
    return this.#values.get(type);
  }

  /** The application protocol that was negotiated (`h2`). */
  get alpn(): string | undefined {
    return text(this.get(PROXY_V2_TLV.alpn));
  }

  /** The host name that the client asked for, its SNI when it came over TLS. */
  get authority(): string | undefined {
    return text(this.get(PROXY_V2_TLV.authority));
  }

  /** The sender's name for this connection, at most 128 opaque bytes. */
  get uniqueId(): Uint8Array | undefined {
    return this.get(PROXY_V2_TLV.uniqueId);
  }

  /** The network namespace that the client came to. */
  get netns(): string | undefined {
    return text(this.get(PROXY_V2_TLV.netns));
  }

  /** The sender's TLS connection with the client. */
  get ssl(): ProxySsl | undefined {
    const value = this.get(PROXY_V2_TLV.ssl);
    if (value === undefined) return undefined;
    const reader = new ByteReader(value);
    const client = reader.uint8();
    const verify = reader.uint32();
    const parts = new Map<number, Uint8Array>();
    while (reader.remaining > 0) {
      const type = reader.uint8();
      const part = reader.vector16();
      if (!parts.has(type)) parts.set(type, part);
    }
    return {
      overTls: (client & SSL_CLIENT.ssl) !== 0,
      // The result of the verification alone says little: it is zero too where no certificate was asked for.
      verified: (client & (SSL_CLIENT.certConn | SSL_CLIENT.certSess)) !== 0 && verify === 0,
      version: text(parts.get(PROXY_V2_TLV.sslVersion)),
      commonName: text(parts.get(PROXY_V2_TLV.sslCn)),
    };
  }
}

/** What {@link ProxyTlvs.parse} found; `overrun` tells bytes that are no fields from fields that are wrong. */
export type ProxyTlvsVerdict =
  | { readonly kind: "tlvs"; readonly tlvs: ProxyTlvs }
  | { readonly kind: "overrun"; readonly problem: string }
  | { readonly kind: "bad"; readonly problem: string };

const SSL_CLIENT = { ssl: 0x01, certConn: 0x02, certSess: 0x04 } as const;

function checkValue(type: number, value: Uint8Array): string | undefined {
  switch (type) {
    case PROXY_V2_TLV.crc32c:
      return value.length === CRC32C_BYTES
        ? undefined
        : `the checksum has ${value.length} bytes, ${CRC32C_BYTES} were wanted`;
    case PROXY_V2_TLV.uniqueId:
      return value.length <= MAX_UNIQUE_ID_BYTES
        ? undefined
        : `the unique id has ${value.length} bytes, at most ${MAX_UNIQUE_ID_BYTES} were wanted`;
    case PROXY_V2_TLV.ssl:
      return checkSsl(value);
    default:
      return undefined;
  }
}

function checkSsl(value: Uint8Array): string | undefined {
  const reader = new ByteReader(value);
  reader.uint8();
  reader.uint32();
  if (reader.overrun) return `the TLS field has ${value.length} bytes, at least 5 were wanted`;
  while (reader.remaining > 0) {
    const type = reader.uint8();
    reader.vector16();
    if (reader.overrun) return `the field ${hex(type)} runs past the end of the TLS field`;
  }
  return undefined;
}

function checkCrc32c(header: Uint8Array, at: number): string | undefined {
  const sent = new ByteReader(header.subarray(at, at + CRC32C_BYTES)).uint32();
  // The sum is taken over the header with zeros in place of the sum.
  const before = crc32c(header.subarray(0, at));
  const zeros = crc32c(new Uint8Array(CRC32C_BYTES), before);
  const computed = crc32c(header.subarray(at + CRC32C_BYTES), zeros);
  if (sent === computed) return undefined;
  return `the checksum is ${hex(sent, 8)}, ${hex(computed, 8)} was wanted`;
}

function text(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : new TextDecoder().decode(value);
}

function hex(value: number, digits = 2): string {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}
