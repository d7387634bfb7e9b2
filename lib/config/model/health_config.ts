/** The protocols that a check can speak by itself. */
export const CHECK_TYPES = ["tcp", "redis", "smtp", "mysql", "postgres"] as const;

/** Active checks of an app's targets. At most one of `type`, `send` to `expectNot`, `steps` and `http` is given. */
export interface HealthCheckConfig {
  readonly intervalMs: number;
  /** The limit of one check; no longer than the interval. */
  readonly timeoutMs: number;
  /** Successes in a row until a target that is down is up, 1 to 100. */
  readonly rise: number;
  /** Failures in a row until a target that is up is down, 1 to 100. */
  readonly fall: number;
  /** The port that is checked; `undefined` for the target's own. */
  readonly port: number | undefined;
  /** The protocol that the check speaks; `undefined` for none, or for what the other fields say. */
  readonly type: typeof CHECK_TYPES[number] | undefined;
  /** The user that `mysql` and `postgres` log in as; `undefined` for one that need not exist. */
  readonly user: string | undefined;
  /** The database that it logs in to, for `postgres`; `undefined` for `postgres`. */
  readonly database: string | undefined;
  /** The text to send, with escapes as in the config; `undefined` for none. */
  readonly send: string | undefined;
  /** The expected answer, as in the config: text with escapes, or `/regex/`; `undefined` for any. */
  readonly expect: string | undefined;
  /** The answer that fails the check, in the same form; `undefined` for none. */
  readonly expectNot: string | undefined;
  /** Several sends and expectations, in order; `undefined` for at most one. Not empty. */
  readonly steps: readonly CheckStepConfig[] | undefined;
  /** An HTTP request; `undefined` for none. */
  readonly http: HttpCheckConfig | undefined;
  /** Whether the check speaks TLS. */
  readonly tls: boolean;
}

/** One step of an active check; it has at least one of the three. */
export interface CheckStepConfig {
  readonly send: string | undefined;
  readonly expect: string | undefined;
  readonly expectNot: string | undefined;
}

/** The HTTP form of an active check. */
export interface HttpCheckConfig {
  /** Begins with `/`. */
  readonly path: string;
  /** The expected status: `200`, `2xx` or `200-399`. */
  readonly status: string;
  /** The `Host` header; `undefined` for the target's host. */
  readonly host: string | undefined;
}

/** When real connections eject a target. */
export interface PassiveHealthConfig {
  /** Failures in a row that eject, 1 to 100. */
  readonly failures: number;
  /** The failures must lie within this time. */
  readonly windowMs: number;
  /** How long the first ejection lasts; later ones last longer. */
  readonly ejectForMs: number;
  /** The share of the targets that may be ejected at once, above 0 and at most 1. */
  readonly maxEjected: number;
}
