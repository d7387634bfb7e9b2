/** Limits for clients of the admin API; times in milliseconds. */
export interface HttpLimits {
  /** How long a request's head may take, and a new connection until its first one has come. */
  readonly headMs: number;
  /** How long a body may make no progress. */
  readonly bodyMs: number;
  /** How long a connection may stay open between requests. */
  readonly keepAliveMs: number;
  /** How long a client may read nothing while a response is written. */
  readonly writeMs: number;
  /** How many connections may be open at once. */
  readonly maxConnections: number;
}

export const HTTP_LIMITS: HttpLimits = {
  headMs: 10_000,
  bodyMs: 30_000,
  // Longer than the minute at which monitors usually ask, so that they can keep their connection.
  keepAliveMs: 75_000,
  writeMs: 30_000,
  maxConnections: 256,
};

/** How long a client may still send after its connection's last response, so that it can read that (RFC 9112 section 9.6). */
export const LINGER_MS = 1000;

/** How long a response without a length may wait for its source once the client has sent FIN. */
export const AFTER_FIN_MS = 100;
