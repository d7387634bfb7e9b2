import type { Reason, SessionMeasures } from "../../base/mod.ts";

/** A session that has ended, or lasts, as the access log shows it. */
export interface AccessRecord {
  /** When the session ended, or this was written, in milliseconds since the Unix epoch. */
  readonly time: number;
  /** The session's number, unique in this process. */
  readonly id: number;
  readonly app: string;
  /** The address that the client connected to. */
  readonly listener: string;
  /** The client's address; from the PROXY header where one is accepted. */
  readonly client: string;
  /** The target that answered; `undefined` if none did. */
  readonly target: string | undefined;
  /** Why it ended; `active` while it lasts. */
  readonly reason: Reason | "active";
  /** Bytes from client to target. */
  readonly bytesUp: number;
  /** Bytes from target to client. */
  readonly bytesDown: number;
  /** From accept to the end, or until now. */
  readonly durationMs: number;
  /** How long the successful dial took; `undefined` if none succeeded. */
  readonly connectMs: number | undefined;
  /** The number of dials, the successful one included. */
  readonly tries: number;
  /** The server name in the client's ClientHello, where that was read. */
  readonly sni: string | undefined;
  /** What the kernel has measured of both connections; default: nothing. */
  readonly measures?: SessionMeasures | undefined;
  /** Further values that the app's config asks for; names consist of letters, digits and `_`. Default: none. */
  readonly fields?: readonly (readonly [name: string, value: string])[];
  /** The cause behind the reason, where the reason alone does not tell; otherwise empty. */
  readonly detail: string;
}

/** Formats a record as a line with its line feed. */
export type AccessFormatter = (record: AccessRecord) => string;
