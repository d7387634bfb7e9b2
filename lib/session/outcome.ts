import { type Address, describeLoss, errorCode, errorMessage, type Reason } from "../base/mod.ts";
import type { DialFailure, DialResult } from "../dial/mod.ts";
import type { AcceptPlace } from "../listen/mod.ts";
import type { Candidate } from "../pool/mod.ts";
import { Flow, type RelayEnd } from "../relay/mod.ts";
import { TlsError } from "../tls/mod.ts";
import type { SessionApp } from "./app.ts";
import type { Refusal } from "./intake.ts";

/** Where a session came from and what it belongs to. */
export interface SessionOrigin {
  /** Unique in this process. */
  readonly id: number;
  readonly app: SessionApp;
  /** The address that the client came to. */
  readonly listener: Address;
  /** Its place among the app's connections, given back when it ends. */
  readonly place?: AcceptPlace | undefined;
}

/**
 * What is known of a session, while it lasts and when it has ended. The session is one, rather than having one: an object
 * less for each connection.
 */
export class SessionOutcome {
  readonly id: number;
  readonly app: SessionApp;
  readonly listener: Address;
  readonly startedMs: number;
  readonly up: Flow;
  readonly down: Flow;

  /** Why the session ended; `undefined` while it lasts. */
  reason: Reason | undefined;
  /** What led to the reason, in words, where the word alone does not say it. */
  detail = "";
  /** The target that answered. */
  target: Candidate | undefined;
  /** How long its dial took. */
  connectMs: number | undefined;
  /** Dials made, the one that answered included. */
  tries = 0;
  /** What the targets that could not be reached answered. */
  failures: readonly DialFailure<Candidate>[] = [];
  /** The server name of the client's TLS hello, where it was looked at. */
  sni: string | undefined;
  /** What went wrong where the reason is `error`. */
  error: unknown;
  endedMs = 0;

  constructor({ id, app, listener }: SessionOrigin, startedMs: number) {
    this.id = id;
    this.app = app;
    this.listener = listener;
    this.startedMs = startedMs;
    this.up = new Flow("up", startedMs);
    this.down = new Flow("down", startedMs);
  }

  /** When a byte passed last in either direction, on the sweep's clock. */
  get lastByteMs(): number {
    return Math.max(this.up.lastByteMs, this.down.lastByteMs);
  }

  /** Notes why the session goes no further; where that is known already, this is what followed from it. */
  protected noteRefusal({ reason, detail }: Refusal): void {
    if (this.reason !== undefined) return;
    this.reason = reason;
    this.detail = detail;
  }

  /** Notes how dialing ended. */
  protected noteDial(dialed: DialResult<Candidate>): void {
    this.tries = dialed.tries;
    this.failures = dialed.failures;
    if (dialed.kind === "exhausted") {
      // A dial that has not even begun when all of the time is over has waited for a descriptor.
      const starved = dialed.timedOut && dialed.tries === 0;
      this.noteRefusal({ reason: "no_target", detail: starved ? "no file descriptor was free in time" : "" });
    }
    if (dialed.kind !== "connected") return;
    this.target = dialed.target;
    this.connectMs = dialed.connectMs;
  }

  /** Notes how the relay ended. */
  protected noteEnd(end: RelayEnd): void {
    if (this.reason === undefined) {
      this.reason = this.#reasonOf(end);
    } else if (end.kind === "failed" && this.detail === "") {
      // It was ended while the last words of that side were still on their way.
      const what = describeLoss(errorCode(end.error), end.side) ?? errorMessage(end.error);
      this.detail = `before that: ${what}`;
    }
  }

  #reasonOf(end: RelayEnd): Reason {
    if (end.kind === "finished") return end.first === "up" ? "client_closed" : "target_closed";
    if (end.kind === "stopped") return "error";
    const code = errorCode(end.error);
    const loss = describeLoss(code, end.side);
    if (loss !== undefined) {
      // Of a reset the reason says it all.
      if (code !== "ECONNRESET") this.detail = loss;
      return `${end.side}_reset`;
    }
    if (!(end.error instanceof TlsError)) {
      this.error = end.error;
      return "error";
    }
    // In TLS 1.3 a peer refuses our certificate when our side of the handshake is over.
    this.detail = end.error.message;
    return "tls_error";
  }
}
