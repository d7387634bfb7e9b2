/**
 * The contract of all strategies: the facts that they choose by, and the order that they return.
 *
 * A chooser is pure: it reads no clock, socket or health. It is built from the identities of the candidates and a
 * view of their live state, is notified when that state changes, and is called once per connection.
 *
 * @module
 */

/**
 * The part of a candidate that never changes while its chooser lives. A reload that changes it builds a new chooser.
 */
export interface CandidateIdentity {
  /** Stable identity across restarts and replicas (the target's address); `source_hash` hashes it. */
  readonly key: string;
}

/**
 * The candidates' live state, by index in the list that the chooser was built from.
 *
 * Reads must be cheap, and {@link Chooser.changed} must follow every change: strategies with an index do not read
 * again by themselves.
 */
export interface CandidateView {
  /**
   * Returns the number of connections. Count one from the moment its dial starts; otherwise a burst of clients goes
   * to whichever candidate was idle when it began.
   */
  active(index: number): number;

  /** Returns the effective weight, 0 (no new connections) to 256, with a resolution of 1/256. */
  weight(index: number): number;

  /** Whether it may be chosen: healthy, not ejected, not full, not draining. */
  available(index: number): boolean;
}

/** The facts about a connection that a strategy may use. */
export interface PickContext {
  /** An unsigned 32-bit hash of the client's address. A getter is fine, because only `source_hash` reads it. */
  readonly clientHash: number;
}

/** What one connection has tried of a list. The caller keeps it, and adds each candidate that it gets. */
export interface Tried {
  /** How many of the list it has tried. */
  readonly count: number;
  /** The latest one; -1 before the first. */
  readonly last: number;
  /** A strategy's note for its next choice; the caller clears it when it starts over. */
  ranking: Ranking | undefined;
  has(index: number): boolean;
}

/** All candidates with a weight in a strategy's order, and how far a connection has come. */
export interface Ranking {
  readonly indexes: Int32Array;
  position: number;
}

/** One strategy over one list of candidates. */
export interface Chooser {
  /**
   * Returns the index of a connection's next candidate, or -1 if none is left. Never one that is in `tried`,
   * unavailable, or of weight 0 at that moment.
   *
   * Without `tried` it is the first choice, the hot path: no scan, no allocation. With it, a dial has just failed, which
   * took longer than a scan of all candidates.
   */
  pick(context: PickContext, tried?: Tried): number;

  /** Reports that the view of this candidate has changed: its connections, health or weight. */
  changed(index: number): void;
}
