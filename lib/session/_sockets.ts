import { type Duplex, keepAlive, type KeepaliveTimes } from "../base/mod.ts";
import type { Side } from "../relay/mod.ts";

/** The two connections of a session, which it closes once, together. */
export class SessionSockets {
  #client: Duplex;
  #target: Duplex | undefined;
  #isClosed = false;
  /** What was marked as cut short. */
  #cut: "client" | "both" | undefined;
  /** The error that a wrapped connection threw when it was closed. */
  error: unknown;

  constructor(client: Duplex) {
    this.#client = client;
  }

  get client(): Duplex {
    return this.#client;
  }

  get target(): Duplex | undefined {
    return this.#target;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Goes on with another connection to the client, made of the one before; closes it if that was closed meanwhile. */
  replaceClient(conn: Duplex): void {
    if (conn === this.#client) return;
    this.#client = conn;
    if (this.#isClosed) this.#close(conn);
  }

  /** Goes on with this connection to the target; closes it, and returns false, if the session has ended meanwhile. */
  takeTarget(conn: Duplex): boolean {
    this.#target = conn;
    if (this.#isClosed) this.#close(conn);
    return !this.#isClosed;
  }

  /** Lets each side know where the other's stream ends, so that TLS passes the end on as it was. */
  passEnds(): void {
    if (this.#target === undefined) return;
    this.#target.passEndTo?.(this.#client);
    this.#client.passEndTo?.(this.#target);
  }

  /** Whether the proxy ends a side with a reset. */
  endsByReset(side: Side): boolean {
    const conn = side === "client" ? this.#client : this.#target;
    return conn?.endByReset !== undefined && (this.#cut === "both" || this.#cut === side);
  }

  /** Marks both streams as cut short: TLS leaves their end unsaid, and sockets that can end with a reset. */
  cutShort(): void {
    this.#cut = "both";
    cutShort(this.#client);
    if (this.#target !== undefined) cutShort(this.#target);
  }

  /** Marks what the client gets as cut short. */
  cutClientShort(): void {
    this.#cut ??= "client";
    cutShort(this.#client);
  }

  /** Has the kernel probe both sides while they are silent; `true` at the transport's times. */
  keepAlive(times: true | KeepaliveTimes): void {
    keepAlive(this.#client, times);
    if (this.#target !== undefined) keepAlive(this.#target, times);
  }

  /** Closes the target alone. */
  closeTarget(): void {
    this.#close(this.#target);
    this.#target = undefined;
  }

  /** Closes both, so that whatever is pending on them rejects. Idempotent; never throws. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#close(this.#client);
    this.#close(this.#target);
  }

  /** Engines rely on this never throwing, whatever a wrapped connection does. */
  #close(conn: Duplex | undefined): void {
    try {
      conn?.close();
    } catch (error) {
      this.error ??= error;
    }
  }
}

function cutShort(conn: Duplex): void {
  conn.withholdEnd?.();
  conn.endByReset?.();
}
