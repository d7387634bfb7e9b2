/**
 * How sockets are made: what the rooms above need of them, whatever they stand on. An implementation is a folder beside
 * this file; all pass the same tests (`tests/contract/transport.ts`).
 *
 * @module
 */
import type { Address, Duplex, TcpAddress } from "../base/mod.ts";

/** A connection with its addresses. Its holder owns it and closes it exactly once. */
export interface Connection extends Duplex {
  /** This end's address. */
  readonly local: Address;
  /** The other end's address; a client of a unix socket has none, and its path is empty. */
  readonly peer: Address;
}

/** A bound address; the kernel completes connections from when it exists. */
export interface ListeningSocket {
  /** What is bound: where port 0 was asked for, the port that the system chose. */
  readonly address: Address;
  /**
   * Waits for the next connection.
   *
   * @throws the system's error, and once the socket is closed.
   */
  accept(): Promise<Connection>;
  /** Stops listening; connections that were not accepted are reset, unless another socket shares the queue. */
  close(): void;
}

/** Makes sockets. */
export interface Transport {
  /**
   * Binds a TCP address.
   *
   * @param options with `shared`, sockets of this process on one address, in whichever thread, take from one queue, which
   * lasts until the last of them is closed.
   * @throws the system's error; its code is what `errorCode` reads.
   */
  listen(address: TcpAddress, options: { readonly shared: boolean }): ListeningSocket;

  /** Binds a unix socket; the file is removed when it is closed. @throws the system's error. */
  listenUnix(path: string): ListeningSocket;

  /**
   * Connects to an address; a name with several addresses is tried at all of them (RFC 8305).
   *
   * @param signal limits this dial; a connection that is made all the same is closed.
   * @throws the system's error; ECONNREFUSED too where the connection has met itself; the signal's reason once aborted.
   */
  connect(address: Address, signal: AbortSignal): Promise<Connection>;
}
