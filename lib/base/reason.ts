/**
 * Why a session ended: one word, the same in log, metrics, API and dashboard. A contract; the order is that of the
 * reference.
 */
export const REASONS = [
  "client_closed",
  "target_closed",
  "client_reset",
  "target_reset",
  "idle_timeout",
  "half_close_timeout",
  "max_lifetime",
  "no_target",
  "no_route",
  "denied",
  "limit",
  "rate_limit",
  "bad_proxy_header",
  "bad_client_hello",
  "tls_error",
  "client_gone",
  "drained",
  "killed",
  "target_down",
  "error",
] as const;

/** One word of {@link REASONS}. */
export type Reason = typeof REASONS[number];
