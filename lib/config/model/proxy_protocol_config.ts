import type { Cidr, ProxyVersion } from "../../base/mod.ts";

/** The PROXY protocol, on both sides. */
export interface ProxyProtocolConfig {
  /** Whether a connection from `from` begins with a header, or may; with `required`, nobody else is let in. */
  readonly accept: "off" | "optional" | "required";
  /** Trusted senders of headers; not empty unless `accept` is `off`. */
  readonly from: readonly Cidr[];
  /** How long the header may take. */
  readonly timeoutMs: number;
  /** Types of the fields that the access log shows. */
  readonly log: readonly number[];
  /** The version sent to targets without a setting of their own. */
  readonly send: "off" | ProxyVersion;
  readonly tlvs: ProxyTlvsConfig;
}

/** The fields (TLV) of v2 headers to targets. */
export interface ProxyTlvsConfig {
  /** The server name that the client asks for. */
  readonly authority: boolean;
  /** The protocol that our TLS has agreed on. */
  readonly alpn: boolean;
  /** A name of the connection. */
  readonly uniqueId: boolean;
  /** The TLS that ended here. */
  readonly ssl: boolean;
  /** The client's certificate, within `ssl`. */
  readonly clientCertificate: boolean;
  readonly crc32c: boolean;
  /** Types of the received fields that are passed on. */
  readonly pass: "all" | readonly number[];
  /** Fields with fixed values, which have escapes as the config has them. */
  readonly add: readonly { readonly type: number; readonly value: string }[];
}
