/**
 * The talk in plain text that precedes TLS (STARTTLS and its like), as state machines without input and output: they
 * look at the bytes that are held and say what to do next.
 *
 * @module
 */

/** One side of such a talk. Good for one connection. */
export interface Upgrade {
  /** What is sent first; empty where the peer speaks first. */
  readonly opening: Uint8Array;
  /** Looks at all bytes of the peer that are held and not consumed. Never throws. */
  read(bytes: Uint8Array): UpgradeStep;
}

/** What to do next. `length` is how many of the bytes held are consumed. */
export type UpgradeStep =
  /** Read on. `atLeast` is how many bytes it takes in all, where that is known. */
  | { readonly kind: "need_more"; readonly atLeast?: number }
  /** Send `bytes`, then look again. */
  | { readonly kind: "reply"; readonly length: number; readonly bytes: Uint8Array }
  /** Send `bytes`; then the talk is over. With `tls` TLS begins, otherwise what is held passes on in plain text. */
  | { readonly kind: "done"; readonly length: number; readonly bytes: Uint8Array; readonly tls: boolean }
  /** Send `bytes`, then close. */
  | { readonly kind: "refused"; readonly bytes: Uint8Array; readonly problem: string }
  /** Send `bytes`, then close: the peer has said goodbye. */
  | { readonly kind: "left"; readonly bytes: Uint8Array };

/** Bytes of a server that must be changed on their way to the client, from the first one on. */
export interface Rewrite {
  /** Whether all that must be changed has passed; the rest goes by unseen. */
  readonly done: boolean;
  /** Takes the next bytes and gives what may go on; holds back at most a few hundred bytes. */
  feed(bytes: Uint8Array): Uint8Array;
  /** Gives what is held back, where the server has finished in the midst of it. */
  end(): Uint8Array;
}

/** The most bytes that a talk holds at once. */
export const MAX_UPGRADE_BYTES = 8 * 1024;

/** The most steps of a talk: a peer that goes on and on is refused. */
export const MAX_UPGRADE_STEPS = 64;

/** No bytes. */
export const NO_BYTES: Uint8Array = new Uint8Array();

/** First byte of a TLS handshake (RFC 8446 section 5.1). */
export const TLS_HANDSHAKE = 0x16;

/** Said of bytes that came before TLS was agreed on: they would be taken for encrypted ones. */
export function earlyBytes(who: "client" | "target", count: number): string {
  const bytes = count === 1 ? "1 byte" : `${count} bytes`;
  return `the ${who} sent ${bytes} of plain text behind its agreement to TLS: possible injection`;
}
