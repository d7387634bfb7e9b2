import type { KeepaliveTimes } from "./keepalive.ts";
import type { Pollable } from "./pollable.ts";

/**
 * A connection as the data path sees it: what `Deno.Conn` is already, and what a TLS connection is made to look like.
 *
 * The holder of a duplex owns it and calls {@link Duplex.close} exactly once; it is not used after that.
 */
export interface Duplex {
  /** Fills at most `buffer`, gives the number of bytes, or `null` at the peer's FIN. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes at least one byte of `bytes` and gives how many; the caller goes on with the rest. */
  write(bytes: Uint8Array): Promise<number>;
  /** Sends FIN; reading goes on. */
  closeWrite(): Promise<void>;
  /**
   * Sends small writes at once instead of waiting for the peer's acknowledgement of the last (RFC 896, RFC 9293 section
   * 3.7.4); absent where there is nothing to set (a unix socket).
   */
  setNoDelay?(on?: boolean): void;
  /**
   * Has the kernel probe a peer that is silent, so that one that has vanished is noticed (RFC 9293 section 3.8.4); absent
   * where there is nothing to set (a unix socket).
   *
   * @param how whether to probe, and when; default with the times of the transport, or of the system for the runtime's sockets.
   */
  setKeepAlive?(how?: boolean | KeepaliveTimes): void;
  /** Whether TLS ends here: what is read and written is its content. Absent: it does not. */
  readonly isTls?: boolean;
  /** Frees the socket; whatever is pending on it rejects. */
  close(): void;
  /**
   * Makes the end a reset (RST) instead of FIN, once the peer's host has everything that was sent: what the peer got is
   * not all there was. Absent where the socket cannot do that.
   */
  endByReset?(): void;
  /** The same connection without promises; absent where there is no such way. */
  readonly pollable?: Pollable | undefined;
  /**
   * The data sent is incomplete: from now on the end of the stream is not announced, FIN aside. Absent where there is no
   * other end to tell (TCP has none).
   */
  withholdEnd?(): void;
  /**
   * What is read here is sent to `receiver`. Where reading ends without the end of the stream, that is withheld there too,
   * before the read says so. Absent where FIN is all the end that there is.
   */
  passEndTo?(receiver: Duplex): void;
}
