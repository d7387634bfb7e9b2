import type { Address, ProxyVersion } from "../../base/mod.ts";
import type { ProxyTlv } from "./proxy_tlv.ts";
import type { ProxyTlvs } from "./proxy_tlvs.ts";

/** A parsed header. */
export interface ProxyHeader {
  readonly version: ProxyVersion;
  /** `proxy`: the connection is for a client; `local`: it is the sender's own, such as a health check. */
  readonly command: "proxy" | "local";
  /**
   * The client's address; `undefined` if the header has none (LOCAL, UNKNOWN, UNSPEC, datagrams): use the
   * connection's own address then.
   */
  readonly source: Address | undefined;
  /** The address that the client connected to; `undefined` exactly when `source` is. */
  readonly destination: Address | undefined;
  /** The fields of a v2 header beyond its addresses. */
  readonly tlvs: ProxyTlvs;
}

/** The verdict on the first bytes of a connection, so far. */
export type ProxyHeaderVerdict =
  /** Possibly a header, of `atLeast` bytes. */
  | { readonly kind: "need_more"; readonly atLeast: number }
  /** A header of `length` bytes; what follows is the client's. */
  | { readonly kind: "header"; readonly header: ProxyHeader; readonly length: number }
  /** Not a header of either version; `problem` shows the bytes. */
  | { readonly kind: "no_header"; readonly problem: string }
  /** An invalid header; `problem` says why. */
  | { readonly kind: "bad"; readonly problem: string };

/** The content of a header. */
export interface ProxyHeaderOptions {
  /** The client's address; `undefined` for a connection of our own, such as a health check. */
  readonly source: Address | undefined;
  /** The address that the client connected to; `undefined` for a connection of our own. */
  readonly destination: Address | undefined;
  /** Additional fields of a v2 header; v1 has none. Default: none. */
  readonly tlvs?: readonly ProxyTlv[] | undefined;
  /** Whether a v2 header has a checksum. Default: no. */
  readonly crc32c?: boolean | undefined;
}
