import type { Address, ListenSettings } from "../base/mod.ts";
import type { Connection, Transport } from "../net/mod.ts";

/** Receives the events of a listener, apart from connections. */
export interface ListenerObserver {
  /**
   * Accepting fails, most likely for lack of file descriptors; retried every 100 ms. Called once per episode.
   */
  acceptPaused(address: Address, error: unknown): void;
  /** Accepting works again after `pausedMs`, or the listener has closed. */
  acceptResumed(address: Address, pausedMs: number): void;
}

/** A connection's permit in its app, until it is disposed of. */
export interface AcceptPlace extends Disposable {
  /** Restores what a refused connection has cost the app's accept rate, so that it does not count against others. */
  refund?(): void;
}

/** Holds connections back while an app is at its limit. */
export interface AcceptGate {
  /**
   * Returns a permit for one connection (`undefined` if none is counted), at once or as soon as there is one. A
   * waiting listener accepts nothing more: the kernel's backlog holds the rest.
   *
   * @throws the signal's reason.
   */
  enter(signal: AbortSignal): AcceptPlace | undefined | Promise<AcceptPlace | undefined>;
}

export interface ListenerOptions {
  readonly observer: ListenerObserver;
  /** Default: the runtime's sockets. */
  readonly transport?: Transport | undefined;
  /** How the sockets of a TCP address are; default the system's. */
  readonly settings?: ListenSettings | undefined;
  /** Default: none, connections are handed on at once. */
  readonly gate?: AcceptGate | undefined;
  /**
   * Whether the listeners of this process on one TCP address, in any thread, share one queue; default false. The
   * queue lasts until the last of them has closed. No other process can share it.
   */
  readonly shared?: boolean;
  /**
   * The name that a unix socket is bound to where another thread puts its file in place and removes it. Default: the
   * listener does so itself.
   */
  readonly boundAt?: string | undefined;
  /**
   * Called before each accept, which waits for it: a thread may leave the next connection to another. The signal is
   * aborted when the listener closes, and once closing begins no accept waits. Never rejects.
   */
  readonly turn?: ((signal: AbortSignal) => Promise<void> | undefined) | undefined;
  /** Receives each connection, the address it came to and its permit; must return at once and not throw. */
  onConnection(conn: Connection, listener: Address, place: AcceptPlace | undefined): void;
}
