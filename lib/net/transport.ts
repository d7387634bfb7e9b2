/**
 * How sockets are made: what the rooms above need of them, whatever they stand on. An implementation is a folder beside
 * this file; all pass the same tests (`tests/contract/transport.ts`).
 *
 * @module
 */
import type { Address, DialSettings, Duplex, ListenSettings, TcpAddress, TcpMeasures } from "../base/mod.ts";
import type { CancelSignal } from "./cancel.ts";

/** The most bytes of a {@link Connection.sendFirst head}: a fresh socket has room for them all at once. */
export const MAX_HEAD_BYTES = 1024;

/** A connection with its addresses. Its holder owns it and closes it exactly once. */
export interface Connection extends Duplex {
  /** This end's address. */
  readonly local: Address;
  /** The other end's address; a client of a unix socket has none, and its path is empty. */
  readonly peer: Address;
  /** Returns what the kernel has measured so far; `undefined` once closed, and where it measures nothing. */
  tcpInfo?(): TcpMeasures | undefined;
  /**
   * Sends a head of at most {@link MAX_HEAD_BYTES} before all else, with the first bytes that follow in this turn of the
   * thread, or else by itself: both are one packet then. Absent where every write is one. Failures are those of the next
   * calls.
   */
  sendFirst?(head: Uint8Array): void;
  /**
   * Resolves when the other end has accepted a connection that {@link DialFor.speaksFirst sends first} in order to be made;
   * absent for one that is made already. Rejects as `connect` does; the holder closes it then.
   */
  established?(signal: CancelSignal): Promise<void>;
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
  /**
   * Checks that the socket can have other settings, and returns what puts them into effect, for connections accepted from
   * then on. Absent where sockets have no settings.
   *
   * @throws {SettingsError} where they need another socket, and the system's error; nothing has changed.
   */
  prepareSettings?(settings: ListenSettings): () => void;
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

/** How {@link Transport.listen} binds an address. */
export interface ListenOptions {
  readonly shared: boolean;
  /** Default the system's. */
  readonly settings?: ListenSettings | undefined;
}

/** Settings that a listening socket can only have from the beginning. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";

  constructor(remedy: string) {
    super(`"mptcp" needs another socket; ${remedy}`);
  }
}

/** Whom a dial is for, as far as its settings ask (see {@link Transport.dialing}). */
export interface DialFor {
  /** The client, as it presents itself; its address is that of a transparent dial. */
  readonly client?: Address;
  /** The first bytes that will be sent, for TCP Fast Open; they are still sent as if none had been. */
  readonly early?: Uint8Array | undefined;
  /** Whether the first thing done with the connection is to send something, without waiting for the target. */
  readonly speaksFirst?: boolean;
}

/** Makes sockets. */
export interface Transport {
  /**
   * Binds a TCP address.
   *
   * @param options with `shared`, sockets of this process on one address, in whichever thread, take from one queue, which
   * lasts until the last of them is closed. Without `settings` the socket is as the system makes it; only the kernel's
   * own calls can make others.
   * @throws the system's error; its code is what `errorCode` reads.
   */
  listen(address: TcpAddress, options: ListenOptions): ListeningSocket;

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
   * @param dialFor what a dial with settings may ask of whom it is for; default it knows nothing.
   * @throws the system's error; ECONNREFUSED too where the connection has met itself; the signal's reason once aborted.
   */
  connect(address: Address, signal: CancelSignal, dialFor?: DialFor): Promise<Connection>;

  /** Returns what connects with other sockets than the system's; absent where there are no others. */
  dialing?(settings: DialSettings): Pick<Transport, "connect">;
}

/** Looks up the addresses of a name. @throws the system's error; ENOTFOUND for a name without one. */
export type Lookup = (host: string) => Promise<readonly string[]>;

/** What a thread's {@link NativeTransport} is given. */
export interface NativeOptions {
  /**
   * Listening sockets of another thread, or of another process, to open a second time, by address; they take from one
   * queue.
   */
  readonly handles?: ReadonlyMap<string, SocketHandle> | undefined;
  /** Where to note open descriptors; see {@link NativeTransport.closeAll}. */
  readonly descriptors?: SharedArrayBuffer | undefined;
  /** Looks up the addresses of a name; default the system's own lookup (`getaddrinfo`). */
  readonly lookup?: Lookup | undefined;
}

/** What a thread that relays still needs of the kernel. */
export interface ConfinementOptions {
  /** The TCP ports that it connects to; `"any"` where they are not known beforehand. */
  readonly ports: ReadonlySet<number> | "any";
  /** Whether it creates unix sockets. */
  readonly unix: boolean;
  /** Whether it creates sockets of MPTCP, whose ports the kernel cannot limit. */
  readonly mptcp: boolean;
  /** Whether it binds sockets before they connect. */
  readonly bind: boolean;
}

/** How a thread is confined. */
export interface Confinement {
  /** The version of the kernel's Landlock that limits files and ports; 0 for none. */
  readonly landlock: number;
  /** Whether its system calls are filtered (seccomp). */
  readonly calls: boolean;
  /** What of it does not hold, and why; empty if everything holds. */
  readonly gaps: readonly string[];
}

/** Makes sockets by the kernel's own calls, which one thread watches by itself until it ends. */
export interface NativeTransport extends Transport {
  isOpen(address: Address): boolean;
  /** Makes a connection of a connected stream socket, which it owns from here on. @throws the system's error. */
  adopt(fd: number): Connection;
  /** Returns why connections with Multipath TCP fall back to TCP here; `undefined` where they do not. */
  multipathProblem(): string | undefined;
  /** Allocates memory in which a thread notes its descriptors. */
  allocate(): SharedArrayBuffer;
  /**
   * Closes what a thread has left open that is no more: the kernel knows no owner but the process. The thread must not
   * run any more.
   */
  closeAll(descriptors: SharedArrayBuffer): void;
  /**
   * Confines this thread by the kernel, irrevocably: no files, no programs, no listening, no ports but those given. Its
   * listening sockets must be open, and its modules loaded.
   *
   * @throws the system's error when descriptors or memory are short; the thread must not serve then.
   */
  confine(options: ConfinementOptions): Promise<Confinement>;
  /** Closes what is still open, and frees what the sockets shared. */
  end(): Promise<void>;
}
