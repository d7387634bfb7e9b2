import type { Connection, DialFor } from "../net/mod.ts";
import type { Address } from "../base/mod.ts";

/** One dial, or the pause before the next, while it lasts. */
export interface DialAttempt {
  /** Ends it at once. */
  abort(): void;
  /**
   * Arms the timer of its limit. Most dials end too soon to need one, so the holder calls this once a dial has lasted a
   * little, well before the limit.
   */
  linger(): void;
}

/** The connection that a dial is made for: it can end the dial at any time, and watches how long it takes. */
export interface DialHolder extends DialFor {
  /** Whether the holder has ended the dialing. */
  readonly aborted: boolean;
  /** Receives each attempt when it begins, and `undefined` when it is over. */
  hold(attempt: DialAttempt | undefined): void;
  /** Returns why a target must not be dialed now, which counts as its failure. Default: every target may be dialed. */
  refusal?(address: Address): Error | Promise<Error | undefined> | undefined;
  /** Inspects a connection that has just been made; if it throws, the connection is closed and the target has failed. */
  vet?(conn: Connection, address: Address): void;
}
