import {
  type Address,
  describeLoss,
  errorCode,
  errorMessage,
  type Reason,
  type SessionMeasures,
} from "../base/mod.ts";
import type { DialFailure, DialResult } from "../dial/mod.ts";
import type { AcceptPlace } from "../listen/mod.ts";
import type { Candidate, Pool } from "../pool/mod.ts";
import { type FaultKind, Flow, type RelayEnd } from "../relay/mod.ts";
import { TlsError } from "../tls/mod.ts";
import type { Connection } from "../net/mod.ts";
import { Client } from "./_client.ts";
import type { SessionApp } from "./app.ts";
import type { LogField } from "./ended.ts";

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
  /** The cause behind the reason, in words, where the reason alone does not tell. */
  detail = "";
  /** The target that answered. */
  target: Candidate | undefined;
  /** How long its dial took. */
  connectMs: number | undefined;
  /** Dials made, the one that answered included. */
  tries = 0;
  /** The failed dials. */
  failures: readonly DialFailure<Candidate>[] = [];
  /** The error where the reason is `error`. */
  error: unknown;
  /** What the kernel has measured of its connections; `undefined` where nobody asks. */
  measures: SessionMeasures | undefined;
  /** When it ended or, while it lasts, when it was last reported. */
  endedMs = 0;
  /** The pool of a target that has not proved itself yet, and of which nothing was reported. */
  protected unproved: Pool | undefined;

  /** The client, and what it has presented of itself. */
  protected readonly presented: Client;

  constructor(accepted: Connection, { id, app, listener }: SessionOrigin, startedMs: number) {
    this.presented = new Client(accepted, app);
    this.id = id;
    this.app = app;
    this.listener = listener;
    this.startedMs = startedMs;
    this.up = new Flow("up", startedMs);
    this.down = new Flow("down", startedMs);
  }

  /** The client's address: the one in its PROXY header, else where the connection comes from. */
  get client(): Address {
    return this.presented.address;
  }

  /** The server name of the client's TLS, where it was looked at. */
  get sni(): string | undefined {
    return this.presented.sni;
  }

  /** The additional fields of the access log. */
  get fields(): readonly LogField[] {
    return this.presented.fields;
  }

  /** When a byte passed last in either direction, on the sweep's clock. */
  get lastByteMs(): number {
    return Math.max(this.up.lastByteMs, this.down.lastByteMs);
  }

  /** Gives the session its reason, unless it has one: what comes later follows from the first. */
  protected settle(reason: Reason, detail = ""): void {
    if (this.reason !== undefined) return;
    this.reason = reason;
    this.detail = detail;
  }

  /** Notes that a fault has cut the connection, and which. */
  protected noteFault(fault: FaultKind): void {
    const what = fault === "black_hole" ? "is over, and what it took is missing" : "has cut the connection";
    this.settle("killed", `the fault "${fault}" ${what}`);
  }

  /** Notes how dialing ended. */
  protected noteDial(dialed: DialResult<Candidate>): void {
    this.tries = dialed.tries;
    this.failures = dialed.failures;
    if (dialed.kind === "exhausted") {
      // A dial that has not even begun when all of the time is over has waited for a descriptor.
      const starved = dialed.timedOut && dialed.tries === 0;
      this.settle("no_target", starved ? "no file descriptor was free in time" : "");
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
      // It was ended while what that side sent before was still being delivered.
      const what = describeLoss(errorCode(end.error), end.side) ?? errorMessage(end.error);
      this.detail = `before that: ${what}`;
    }
  }

  /**
   * Reports how the target did, where that was not done yet: one that has sent a byte, or has sent nothing until a clean
   * end, did well; a failure before its first byte is as bad as a refused dial. Of another end (a client that resets, a
   * limit) before that byte, the target may be innocent or not.
   */
  protected judge(end: RelayEnd): void {
    if (this.down.bytes > 0 || end.kind === "finished") this.#report("succeeded");
    else if (end.kind === "failed" && end.side === "target" && this.reason !== "error") {
      this.#report("failed");
    }
  }

  /** Reports a target that has sent a byte: one that works for an hour counts when it has begun to, not after that. */
  protected proveByFirstByte(): void {
    if (this.unproved !== undefined && this.down.bytes > 0) this.#report("succeeded");
  }

  /** At most once a session. */
  #report(outcome: "succeeded" | "failed"): void {
    const pool = this.unproved;
    this.unproved = undefined;
    if (this.target !== undefined) pool?.report(this.target.target, outcome);
  }

  #reasonOf(end: RelayEnd): Reason {
    if (end.kind === "finished") return end.first === "up" ? "client_closed" : "target_closed";
    if (end.kind === "stopped") return "error";
    const code = errorCode(end.error);
    const loss = describeLoss(code, end.side);
    if (loss !== undefined) {
      // For a reset the reason alone is enough.
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
