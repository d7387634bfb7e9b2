import type { Address, Reason } from "../base/mod.ts";
import type { RelayTap } from "../relay/mod.ts";

/** The addresses of one connection of a session. */
export interface TappedConnection {
  /** The proxy's end. */
  readonly local: Address;
  readonly peer: Address;
  /** Whether the proxy ends or begins TLS on it: what is seen is its content. */
  readonly isTls: boolean;
  /** Whether the proxy ends it with a reset. */
  readonly endsByReset: boolean;
}

/** A session as a capture sees it. */
export interface TappedSession {
  readonly id: number;
  readonly app: { readonly name: string };
  /** The client's address: the one in its PROXY header, else where the connection comes from. */
  readonly client: Address;
  readonly sni: string | undefined;
  readonly target: { readonly label: string } | undefined;
  /** On the clock of its thread. */
  readonly startedMs: number;
  readonly connectMs: number | undefined;
  readonly reason: Reason | undefined;
  readonly detail: string;
  readonly clientConnection: TappedConnection;
  /** `undefined` until there is one. */
  readonly targetConnection: TappedConnection | undefined;
}

/** Takes what passes through one session. No method may throw. */
export interface SessionTap extends RelayTap {
  /**
   * There is a target, and the relay begins.
   *
   * @param header the PROXY header that the target was sent, where one was sent while this tap was there.
   */
  connected(header: Uint8Array | undefined): void;
  /** The session has ended: its reason is known, and both connections are closed. */
  ended(): void;
}
