/**
 * The plain-text exchange before TLS (STARTTLS and the like), as state machines without I/O: they inspect the held
 * bytes and return what to do next.
 *
 * @module
 */

/** One side of such an exchange, for a single connection. */
export interface Upgrade {
  /** Sent first; empty if the peer speaks first. */
  readonly opening: Uint8Array;
  /** Inspects all held bytes of the peer. Never throws. */
  read(bytes: Uint8Array): UpgradeStep;
}

/** The next step. `length` is the number of held bytes consumed. */
export type UpgradeStep =
  /** Read more; `atLeast` is the total needed, where it is known. */
  | { readonly kind: "need_more"; readonly atLeast?: number }
  /** Send `bytes`, then call again. */
  | { readonly kind: "reply"; readonly length: number; readonly bytes: Uint8Array }
  /** Send `bytes`; the exchange is over. With `tls` TLS begins, otherwise the held bytes pass on in plain text. */
  | { readonly kind: "done"; readonly length: number; readonly bytes: Uint8Array; readonly tls: boolean }
  /** Send `bytes`, then close. */
  | { readonly kind: "refused"; readonly bytes: Uint8Array; readonly problem: string }
  /** Send `bytes`, then close: the peer has ended the exchange. */
  | { readonly kind: "left"; readonly bytes: Uint8Array };

/** Changes the first bytes of a server on their way to the client. */
export interface Rewrite {
  /** Whether the rest passes unchanged. */
  readonly done: boolean;
  /** Takes the next bytes and returns those to pass on; holds back at most a few hundred bytes. */
  feed(bytes: Uint8Array): Uint8Array;
  /** Returns the held bytes when the server ends early. */
  end(): Uint8Array;
}

/** Most bytes that an exchange holds at once. */
export const MAX_UPGRADE_BYTES = 8 * 1024;

/** Most steps of an exchange: a peer that exceeds them is refused. */
export const MAX_UPGRADE_STEPS = 64;

/** No bytes. */
export const NO_BYTES: Uint8Array = new Uint8Array();

/** First byte of a TLS handshake (RFC 8446 section 5.1). */
export const TLS_HANDSHAKE = 0x16;

/** Describes bytes sent before TLS was agreed on, which would be taken for encrypted ones. */
export function earlyBytes(who: "client" | "target", count: number): string {
  const bytes = count === 1 ? "1 byte" : `${count} bytes`;
  return `the ${who} sent ${bytes} of plain text behind its agreement to TLS: possible injection`;
}
