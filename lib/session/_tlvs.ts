import { TLV_NAMES, tlvDigits } from "../base/mod.ts";
import {
  chooseTlvs,
  type ProxySsl,
  type ProxyTlv,
  type ProxyTlvRules,
  type ProxyTlvs,
  tlvText,
} from "../protocol/mod.ts";
import type { LogField } from "./ended.ts";
import type { TlsAccepted } from "./inspect/inspector.ts";

/** An app's rules for the fields (TLV) of PROXY headers. */
export interface TlvRules {
  /** The fields sent to targets in a v2 header; `undefined` for addresses alone. */
  readonly send: ProxyTlvRules | undefined;
  /** Types of the fields that the access log shows. */
  readonly log: readonly number[];
}

/** The facts about a connection that fields can carry. */
export interface TlvFacts {
  readonly sni: string | undefined;
  /** The fields of the header that came with it. */
  readonly received: ProxyTlvs | undefined;
  /** The TLS that ended here. */
  readonly tls: TlsAccepted | undefined;
}

/** The fields of one connection: those received, and those sent to targets. */
export class SessionTlvs {
  readonly #rules: TlvRules;
  readonly #facts: TlvFacts;
  #sent: readonly ProxyTlv[] | undefined;

  constructor(rules: TlvRules, facts: TlvFacts) {
    this.#rules = rules;
    this.#facts = facts;
  }

  /** The fields for every target that the connection tries, the same each time. */
  get sent(): readonly ProxyTlv[] {
    return this.#sent ??= this.#choose();
  }

  /** The fields shown in the access log. */
  get logged(): readonly LogField[] {
    return this.#rules.log.flatMap((type) => this.#log(type));
  }

  #choose(): readonly ProxyTlv[] {
    const { send } = this.#rules;
    if (send === undefined) return [];
    const { sni, tls, received } = this.#facts;
    return chooseTlvs(send, {
      sni,
      received,
      alpn: tls?.alpn,
      uniqueId: send.uniqueId ? crypto.randomUUID() : undefined,
      ssl: send.ssl ? tls && sslOf(tls) : undefined,
    });
  }

  #log(type: number): LogField[] {
    const { received } = this.#facts;
    if (type === TLV_NAMES.ssl) return received?.ssl === undefined ? [] : sslFields(received.ssl);
    const sent = type === TLV_NAMES.unique_id ? this.sent.find((each) => each.type === type) : undefined;
    const value = sent?.value ?? received?.get(type);
    return value === undefined ? [] : [[LOG_NAMES.get(type) ?? `tlv_${tlvDigits(type)}`, tlvText(value)]];
  }
}

const LOG_NAMES: ReadonlyMap<number, string> = new Map([
  [TLV_NAMES.authority, "proxy_authority"],
  [TLV_NAMES.alpn, "proxy_alpn"],
  [TLV_NAMES.unique_id, "unique_id"],
  [TLV_NAMES.netns, "proxy_netns"],
]);

function sslFields({ version, cipher, commonName }: ProxySsl): LogField[] {
  const fields = [
    ["proxy_ssl_version", version],
    ["proxy_ssl_cipher", cipher],
    ["proxy_ssl_cn", commonName],
  ] as const;
  return fields.flatMap(([name, value]): LogField[] => value === undefined ? [] : [[name, value]]);
}

function sslOf(tls: TlsAccepted): ProxySsl {
  const { version, cipher, certificate } = tls.connectionState();
  return {
    overTls: true,
    presented: certificate === undefined
      ? "never"
      : certificate.isOfEarlierSession
      ? "session"
      : "connection",
    // A certificate that is not good ends the handshake.
    verified: certificate !== undefined,
    version,
    cipher,
    commonName: certificate?.commonName,
    certificate: certificate?.der,
  };
}
