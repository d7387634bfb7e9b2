/**
 * How sockets are made: what the rooms above need of them, whatever they stand on. An implementation is a folder beside
 * this file; all pass the same tests (`tests/contract/transport.ts`).
 *
 * @module
 */
import type { Address, Duplex, TcpAddress } from "../base/mod.ts";
import type { CancelSignal } from "./cancel.ts";

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
  /** Takes a connection that waits already; `undefined` for none. Default: only {@link ListeningSocket.accept} knows. */
  tryAccept?(): Connection | undefined;
  /** What another thread of this process opens the same socket by; absent where it cannot. */
  readonly handle?: SocketHandle;
  /** Stops listening; connections that were not accepted are reset, unless another socket shares the queue. */
  close(): void;
}

/** A listening socket of this process, for another thread. */
export interface SocketHandle {
  /** Its descriptor. */
  readonly fd: number;
  /** What tells it from any other socket that has this descriptor later. */
  readonly cookie: bigint;
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

  /**
   * Binds a unix socket; the file is removed when it is closed. Where {@link Transport.isOpen} says so, opens the socket
   * again instead, and leaves the file alone.
   *
   * @throws the system's error.
   */
  listenUnix(path: string): ListeningSocket;

  /** Whether a socket of this address was given to the transport, which listening opens again. Default never. */
  isOpen?(address: Address): boolean;

  /**
   * Connects to an address; a name with several addresses is tried at all of them (RFC 8305).
   *
   * @param signal limits this dial; a connection that is made all the same is closed.
   * @throws the system's error; ECONNREFUSED too where the connection has met itself; the signal's reason once aborted.
   */
  connect(address: Address, signal: CancelSignal): Promise<Connection>;
}

/** What a thread's {@link NativeTransport} is given. */
export interface NativeOptions {
  /**
   * Listening sockets of another thread, or of another process, to open a second time, by address; they take from one
   * queue.
   */
  readonly handles?: ReadonlyMap<string, SocketHandle> | undefined;
  /** Where to note open descriptors; see {@link NativeTransport.closeAll}. */
  readonly descriptors?: SharedArrayBuffer | undefined;
}

/** Makes sockets by the kernel's own calls, which one thread watches by itself until it ends. */
export interface NativeTransport extends Transport {
  isOpen(address: Address): boolean;
  /** Makes a connection of a connected stream socket, which it owns from here on. @throws the system's error. */
  adopt(fd: number): Connection;
  /** Allocates memory in which a thread notes its descriptors. */
  allocate(): SharedArrayBuffer;
  /**
   * Closes what a thread has left open that is no more: the kernel knows no owner but the process. The thread must not
   * run any more.
   */
  closeAll(descriptors: SharedArrayBuffer): void;
  /** Closes what is still open, and frees what the sockets shared. */
  end(): Promise<void>;
}
