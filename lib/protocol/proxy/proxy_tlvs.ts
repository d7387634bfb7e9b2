import { ByteReader } from "../_byte_reader.ts";
import { hexByte } from "./_tlv.ts";
import { crc32c } from "./crc32c.ts";
import { CRC32C_BYTES, PROXY_V2_TLV } from "./proxy_codes.ts";
import { checkProxySsl, parseProxySsl, type ProxySsl } from "./proxy_ssl.ts";
import type { ProxyTlv } from "./proxy_tlv.ts";

/** The longest unique id in bytes (PROXY protocol section 2.2.5). */
const MAX_UNIQUE_ID_BYTES = 128;

/**
 * The type-length-value fields of a v2 header. Parsing checks the layout; values are decoded on demand. The first
 * field of a type counts; unknown types are kept and otherwise ignored.
 */
export class ProxyTlvs {
  /** No fields, as of a v1 header. */
  static readonly none: ProxyTlvs = new ProxyTlvs(new Map());

  readonly #values: ReadonlyMap<number, Uint8Array>;

  private constructor(values: ReadonlyMap<number, Uint8Array>) {
    this.#values = values;
  }

  /**
   * Parses the fields of a whole v2 header; checks their lengths and the checksum, if there is one.
   *
   * @param header the header from its signature to its last byte; copied.
   * @param offset start of the fields.
   */
  static parse(header: Uint8Array, offset: number): ProxyTlvsVerdict {
    if (offset === header.length) return { kind: "tlvs", tlvs: ProxyTlvs.none };
    const values = new Map<number, Uint8Array>();
    // The values outlive the buffer of the peeked header.
    const reader = new ByteReader(header.slice(offset));
    let checked = false;
    while (reader.remaining > 0) {
      const type = reader.uint8();
      const value = reader.vector16();
      if (reader.overrun) {
        return { kind: "overrun", problem: `the field ${hexByte(type)} runs past the header's end` };
      }
      const problem = checkValue(type, value);
      if (problem !== undefined) return { kind: "bad", problem };
      if (type === PROXY_V2_TLV.crc32c) {
        if (checked) return { kind: "bad", problem: "there are two checksums, expected one" };
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

  /** Every field, each type once, in the order in which they came. */
  fields(): ProxyTlv[] {
    return Array.from(this.#values, ([type, value]) => ({ type, value }));
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
    return value === undefined ? undefined : parseProxySsl(value);
  }
}

/**
 * The result of {@link ProxyTlvs.parse}; `overrun` means that the bytes are not fields, `bad` that a field is wrong.
 */
export type ProxyTlvsVerdict =
  | { readonly kind: "tlvs"; readonly tlvs: ProxyTlvs }
  | { readonly kind: "overrun"; readonly problem: string }
  | { readonly kind: "bad"; readonly problem: string };

function checkValue(type: number, value: Uint8Array): string | undefined {
  switch (type) {
    case PROXY_V2_TLV.crc32c:
      return value.length === CRC32C_BYTES
        ? undefined
        : `the checksum has ${value.length} bytes, expected ${CRC32C_BYTES}`;
    case PROXY_V2_TLV.uniqueId:
      return value.length <= MAX_UNIQUE_ID_BYTES
        ? undefined
        : `the unique id has ${value.length} bytes, expected at most ${MAX_UNIQUE_ID_BYTES}`;
    case PROXY_V2_TLV.ssl:
      return checkProxySsl(value);
    default:
      return undefined;
  }
}

function checkCrc32c(header: Uint8Array, at: number): string | undefined {
  const sent = new ByteReader(header.subarray(at, at + CRC32C_BYTES)).uint32();
  // The checksum covers the header with zeros in its own place.
  const before = crc32c(header.subarray(0, at));
  const zeros = crc32c(new Uint8Array(CRC32C_BYTES), before);
  const computed = crc32c(header.subarray(at + CRC32C_BYTES), zeros);
  if (sent === computed) return undefined;
  return `the checksum is ${hexByte(sent, 8)}, expected ${hexByte(computed, 8)}`;
}

function text(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : new TextDecoder().decode(value);
}
