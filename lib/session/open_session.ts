import type { Reason } from "../base/mod.ts";
import type { Connection } from "../net/mod.ts";
import type { Sweepable } from "../relay/mod.ts";
import type { SessionShared } from "./app.ts";
import { lingeringDue, relayDue } from "./_deadlines.ts";
import type { DialStage } from "./dial/dial_stage.ts";
import { type SessionOrigin, SessionOutcome } from "./outcome.ts";
import { SessionSockets } from "./_sockets.ts";
import type { SessionState } from "./table/session_query.ts";
import type { SessionTap, TappedConnection, TappedSession } from "./tap.ts";

/** Takes what becomes of sessions: for logs, metrics, the API. */
export interface SessionObserver {
  /** The session has ended; its fields no longer change, and both sockets are closed. */
  sessionEnded(session: OpenSession): void;
  /**
   * The session still relays after another interval; its `endedMs` is this moment, its `reason` undefined. Default: not
   * called.
   */
  sessionActive?(session: OpenSession): void;
}

export interface SessionOptions extends SessionShared {
  readonly observer: SessionObserver;
}

/** Lifetimes and intervals are shortened by up to this share, so that connections of one moment part. */
const JITTER = 0.1;

/**
 * A session while it is open: what it is doing, its deadlines, and how others end it. It owns both sockets; whatever
 * happens, they are closed once, and the outcome has one reason, the first that was given.
 */
export abstract class OpenSession extends SessionOutcome implements Sweepable, TappedSession {
  sweepSlot = -1;
  /** Is shown what passes while a capture runs; `undefined` for nobody. */
  tap: SessionTap | undefined;

  protected readonly shared: SessionOptions;
  protected readonly sockets: SessionSockets;
  protected dialing: DialStage | undefined;
  protected state: SessionState | "ended" = "inspecting";
  readonly #endsAtMs: number;
  /** When it is next reported as one that lasts. */
  #activeAtMs: number;
  #needsKeepalive: boolean;
  #controller: AbortController | undefined;

  constructor(accepted: Connection, origin: SessionOrigin, shared: SessionOptions) {
    super(accepted, origin, shared.clock.nowMs());
    this.shared = shared;
    this.sockets = new SessionSockets(accepted);
    this.#needsKeepalive = this.app.keepalive !== false;
    this.#endsAtMs = this.startedMs + this.app.maxLifetimeMs * (1 - JITTER * shared.random());
    this.#activeAtMs = this.startedMs + this.#activeIntervalMs();
  }

  /** What it is doing. */
  get stage(): SessionState | "ended" {
    return this.state;
  }

  get aborted(): boolean {
    return this.sockets.isClosed;
  }

  /** Aborted when the session ends. Created on first use: most sessions never need it. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.aborted) this.#controller.abort();
    return this.#controller.signal;
  }

  /** The connection to the client. */
  get clientConnection(): TappedConnection {
    const { local, peer } = this.presented;
    const endsByReset = this.sockets.endsByReset("client");
    return { local, peer, isTls: this.sockets.client.isTls ?? false, endsByReset };
  }

  /** The connection to the target. */
  get targetConnection(): TappedConnection | undefined {
    const raw = this.dialing?.raw;
    if (raw === undefined || this.target === undefined) return undefined;
    const endsByReset = this.sockets.endsByReset("target");
    return { local: raw.local, peer: raw.peer, isTls: this.sockets.target?.isTls ?? false, endsByReset };
  }

  /** Ends the session for `reason`; the first reason given stands. Its sockets are closed when this returns. */
  end(reason: Reason, detail = ""): void {
    if (this.state === "ended") return;
    this.settle(reason, detail);
    this.#cut();
  }

  /** Closes both sockets, so that whatever is pending on them rejects. Idempotent. */
  stop(): void {
    // An ended session has its reason already; an engine stops one because a side has failed.
    if (!this.aborted && this.state === "relaying" && this.reason === undefined) {
      this.sockets.cutShort();
    }
    this.measure();
    this.sockets.close();
  }

  sweep(nowMs: number, slackMs: number): void {
    if (nowMs >= this.#endsAtMs) return this.end("max_lifetime");
    if (this.state === "dialing") return this.dialing?.outlast();
    if (this.state !== "relaying" && this.state !== "lingering") return;
    const { up, down, app } = this;
    const isLingering = this.state === "lingering";
    if (!isLingering) this.#sweepRelay();
    if (nowMs >= this.#activeAtMs) this.#reportActive(nowMs);
    const due = isLingering
      ? lingeringDue(up, down, nowMs - slackMs)
      : relayDue(up, down, app, nowMs - slackMs);
    if (due === "close") this.#cut();
    else if (due !== undefined) this.end(due);
  }

  /** Notes what the kernel has measured of connections that are still open, where the log shows it. */
  protected measure(): void {
    if (this.shared.readsTcpInfo !== true || this.aborted) return;
    const raw = this.target === undefined ? undefined : this.dialing?.raw;
    this.measures = {
      client: this.presented.measures ?? this.measures?.client,
      target: raw?.tcpInfo?.() ?? this.measures?.target,
    };
  }

  /** Counts the time to the target's first byte, once. */
  protected tallyFirstByte(): void {
    const { down, app } = this;
    if (down.firstByteMs < 0) return;
    app.tally?.firstByte(down.firstByteMs - this.startedMs);
    down.firstByteMs = -1;
  }

  #sweepRelay(): void {
    // Not before: it makes a new connection a tenth dearer, and most end before a sweep finds them.
    const { keepalive } = this.app;
    if (this.#needsKeepalive && keepalive !== false) this.sockets.keepAlive(keepalive);
    this.#needsKeepalive = false;
    this.proveByFirstByte();
    this.tallyFirstByte();
  }

  #reportActive(nowMs: number): void {
    this.#activeAtMs = nowMs + this.#activeIntervalMs();
    this.endedMs = nowMs;
    this.measure();
    this.shared.observer.sessionActive?.(this);
  }

  #activeIntervalMs(): number {
    const { activeIntervalMs = Infinity, random } = this.shared;
    return activeIntervalMs === Infinity ? Infinity : activeIntervalMs * (1 - JITTER * random());
  }

  /** Closes everything, and ends every wait. */
  #cut(): void {
    this.stop();
    this.dialing?.abort();
    this.#controller?.abort();
  }
}
