import type { Address, Reason, SessionMeasures } from "../base/mod.ts";

/** A field of the access log that an app asks for: its name and its value. */
export type LogField = readonly [name: string, value: string];

/**
 * A session that has ended, or lasts and is reported all the same (its reason is `undefined`), as observers see it: a
 * `Session` of this thread, or what another thread has sent of one.
 */
export interface EndedSession {
  readonly id: number;
  readonly app: { readonly name: string };
  readonly listener: Address;
  readonly client: Address;
  readonly sni: string | undefined;
  readonly detail: string;
  /** Additional fields of the access log; default none. */
  readonly fields?: readonly LogField[];
  readonly target: { readonly label: string } | undefined;
  readonly reason: Reason | undefined;
  readonly up: { readonly bytes: number };
  readonly down: { readonly bytes: number };
  /** On the clock of its thread, as `endedMs`: their difference is what counts. */
  readonly startedMs: number;
  readonly endedMs: number;
  /** When it ended, in milliseconds since the Unix epoch; `undefined` for this moment. */
  readonly endedAtMs?: number;
  /** What the kernel has measured of its connections; default nothing. */
  readonly measures?: SessionMeasures | undefined;
  readonly connectMs: number | undefined;
  readonly tries: number;
  readonly failures: readonly {
    readonly target: { readonly label: string };
    readonly code: string;
    readonly message: string;
  }[];
  readonly error: unknown;
}
