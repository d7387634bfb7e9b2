import type { Reason } from "../base/mod.ts";

/** What the access log says of one session, when it has ended. */
export interface AccessRecord {
  /** When the session ended, in milliseconds since the Unix epoch. */
  readonly time: number;
  /** The session's number, unique in this process. */
  readonly id: number;
  readonly app: string;
  /** The address that the client came to. */
  readonly listener: string;
  /** The client's address: the one that a PROXY header gave, where one is accepted. */
  readonly client: string;
  /** The target that answered; `undefined` when none did. */
  readonly target: string | undefined;
  readonly reason: Reason;
  /** Bytes from client to target. */
  readonly bytesUp: number;
  /** Bytes from target to client. */
  readonly bytesDown: number;
  /** From accept to the end. */
  readonly durationMs: number;
  /** How long the dial that answered took; `undefined` when none did. */
  readonly connectMs: number | undefined;
  /** The dials made, the one that answered included. */
  readonly tries: number;
  /** The server name of the client's TLS hello, where it was looked at. */
  readonly sni: string | undefined;
  /** What else an app wants to be shown of it, a name of letters, digits and `_` with each; default nothing. */
  readonly fields?: readonly (readonly [name: string, value: string])[];
  /** What led to the reason, in words, where the word alone does not say it; else empty. */
  readonly detail: string;
}

/** The line, with its line feed, that a format gives to a record. */
export type AccessFormatter = (record: AccessRecord) => string;
