/**
 * What the strategies have in common: the facts that they choose by, and the order that they give.
 *
 * A chooser is pure: it reads no clock, no socket and no health. It is built from the candidates' static facts and a
 * view of their live ones, is told when a live fact has changed, and is asked once per connection.
 *
 * @module
 */

/** What never changes about a candidate while its chooser lives. A reload that changes it builds a new chooser. */
export interface CandidateIdentity {
  /** Who this is, the same after a restart and on every replica (the target's address); `source_hash` hashes it. */
  readonly key: string;
}

/**
 * The candidates' live facts, by their index in the list that the chooser was built from.
 *
 * Answers must be cheap, and {@link Chooser.changed} must be called after one has changed: strategies that keep an
 * index of them do not ask again on their own.
 */
export interface CandidateView {
  /**
   * Connections that the candidate has now. Count one from the moment its dial starts, or a burst of clients goes
   * as a whole to whoever was idle when it began.
   */
  active(index: number): number;

  /** Effective weight, 0 (no new connections) to 256; fractions are honoured down to 1/256. */
  weight(index: number): number;

  /** Whether it may be chosen: healthy, not ejected, not full, not draining. */
  available(index: number): boolean;
}

/** What a strategy may know of the connection. */
export interface PickContext {
  /** An unsigned 32-bit hash of the client's address. Only `source_hash` reads it, so a getter is a good way to give it. */
  readonly clientHash: number;
}

/** The candidates in the order in which one connection tries them, worked out one at a time. */
export interface Order {
  /**
   * The index of the next candidate to try, or -1 when none is left. No candidate comes twice, none that is
   * unavailable or has weight 0 at that moment comes at all. Live facts may change between two calls.
   */
  next(): number;
}

/** One strategy over one list of candidates. */
export interface Chooser {
  /** Begins one connection's order; nothing is chosen before {@link Order.next}. */
  begin(context: PickContext): Order;

  /** Tells that an answer of the view for this candidate has changed: a connection came or went, health, weight. */
  changed(index: number): void;
}
