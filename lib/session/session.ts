import type { Reason } from "../base/mod.ts";
import type { AcceptPlace } from "../listen/mod.ts";
import type { Connection } from "../net/mod.ts";
import type { Candidates, Pool } from "../pool/mod.ts";
import type {
  CutKind,
  FaultKind,
  PendingRead,
  RelayContext,
  RelayEnd,
  RelayEngine,
  Sweepable,
} from "../relay/mod.ts";
import { lingeringDue, relayDue } from "./_deadlines.ts";
import { type DialingSession, DialStage } from "./dial/dial_stage.ts";
import { inspect, isRefusal } from "./inspect/inspect.ts";
import { logIn } from "./negotiate/login.ts";
import { SessionSockets } from "./_sockets.ts";
import type { SessionShared } from "./app.ts";
import { type SessionOrigin, SessionOutcome } from "./outcome.ts";
import type { SessionState } from "./table/session_query.ts";
import type { SessionTap, TappedConnection, TappedSession } from "./tap.ts";

/** Takes what becomes of sessions: for logs, metrics, the API. */
export interface SessionObserver {
  /** The session has ended; its fields no longer change, and both sockets are closed. */
  sessionEnded(session: Session): void;
  /**
   * The session still relays after another interval; its `endedMs` is this moment, its `reason` undefined. Default nobody
   * asks.
   */
  sessionActive?(session: Session): void;
}

export interface SessionOptions extends SessionShared {
  readonly observer: SessionObserver;
}

/** Lifetimes and intervals are shortened by up to this share, so that connections of one moment part. */
const JITTER = 0.1;

const DOWN_MEANWHILE = "an operator took the target down while it was dialed";

/**
 * One client connection from accept to record. Its life is {@link Session.run}: admit, sniff and route (`inspect/`),
 * choose, dial and open (`dial/`), relay (the engine), record. It owns both sockets (`_sockets.ts`): whatever
 * happens, they are closed once, and the outcome has one reason, the first that was given.
 */
export class Session extends SessionOutcome implements Sweepable, RelayContext, TappedSession {
  sweepSlot = -1;
  /** Bytes read from the client before there was a target. */
  prefetched: Uint8Array | undefined;
  /** The client's next read, where it is pending already. */
  pendingRead: PendingRead | undefined;
  /** Is shown what passes while a capture runs; `undefined` for nobody. */
  tap: SessionTap | undefined;

  readonly #shared: SessionOptions;
  readonly #sockets: SessionSockets;
  readonly #endsAtMs: number;
  /** When it is next reported as one that lasts. */
  #activeAtMs: number;
  readonly #place: AcceptPlace | undefined;
  #stage: SessionState | "ended" = "inspecting";
  #controller: AbortController | undefined;
  #admitted: Disposable | undefined;
  #dialing: DialStage | undefined;
  #candidates: Candidates | undefined;
  #needsKeepalive: boolean;

  constructor(accepted: Connection, origin: SessionOrigin, shared: SessionOptions) {
    super(accepted, origin, shared.clock.nowMs());
    this.#shared = shared;
    this.#sockets = new SessionSockets(accepted);
    this.#place = origin.place;
    this.#needsKeepalive = this.app.keepalive !== false;
    this.app.tally?.sessionBegan();
    this.#endsAtMs = this.startedMs + this.app.maxLifetimeMs * (1 - JITTER * shared.random());
    this.#activeAtMs = this.startedMs + this.#activeIntervalMs();
  }

  /** Carries the connection to its end. Never rejects. */
  async run(): Promise<void> {
    try {
      const { app } = this;
      const pool = app.inspect === undefined && app.admission === undefined
        ? app.poolFor(undefined)
        : await this.#inspect();
      const faults = app.faultsFor?.(this.client, this.#shared.clock.nowMs());
      if (faults?.refuse) this.settle("killed", "a fault refuses the connection");
      if (pool === undefined || this.reason !== undefined) return;
      if (!await this.#dial(pool) || !await this.#logIn()) return;
      this.unproved = pool;
      this.#relayed(await this.#relay(faults === undefined ? app.engine() : faults.engine(this.#cutByFault)));
    } catch (error) {
      // An internal error costs one connection, not the process. What an abort interrupts is no error.
      if (this.reason === undefined) this.error = error;
    } finally {
      this.#record();
    }
  }

  /** Admits, sniffs and routes; returns the pool, or `undefined` where the connection goes no further. */
  async #inspect(): Promise<Pool | undefined> {
    const { app, signal } = this;
    const found = await inspect({
      app,
      conn: this.#sockets.client,
      peer: this.presented.peer,
      place: this.#place,
      clock: this.#shared.clock,
      signal,
    });
    this.#sockets.replaceClient(found.conn);
    this.presented.learn(found);
    this.#admitted = found.admitted;
    this.prefetched = found.prefetched;
    if (!isRefusal(found.outcome)) return found.outcome;
    this.settle(found.outcome.reason, found.outcome.detail);
    return undefined;
  }

  /** Chooses, dials and opens; returns whether there is a target. */
  async #dial(pool: Pool): Promise<boolean> {
    this.#stage = "dialing";
    const stage = this.#dialing = new DialStage(this.#dialingSession());
    const { dialed, candidates, full, nothing } = await stage.dial(pool);
    this.prefetched = stage.prefetched;
    this.pendingRead = stage.pendingRead;
    if (full) this.settle("limit");
    if (nothing !== "") this.settle("no_target", nothing);
    this.noteDial(dialed);
    this.#candidates = candidates;
    if (this.target?.target.admin === "down") this.end("target_down", DOWN_MEANWHILE);
    // The session may have ended between the dialer's last look and this one.
    if (dialed.kind === "connected" && this.#sockets.takeTarget(dialed.conn)) {
      this.#stage = "relaying";
      this.#sockets.passEnds();
      this.up.lastByteMs = this.down.lastByteMs = this.#shared.ticker.nowMs;
      return true;
    }
    this.stop();
    stage.discardRead();
    return false;
  }

  #dialingSession(): DialingSession {
    return {
      app: this.app,
      listener: this.listener,
      client: this.presented,
      sockets: this.#sockets,
      shared: this.#shared,
      prefetched: this.prefetched,
      signal: () => this.signal,
      isTapped: () => this.tap !== undefined,
      onGone: () => this.end("client_gone"),
    };
  }

  /** Logs the client in, where TLS begins in the middle of that (MySQL); returns whether the session goes on. */
  async #logIn(): Promise<boolean> {
    const { app: { login }, target, prefetched, signal } = this;
    if (login === undefined || target === undefined) return true;
    this.prefetched = undefined;
    const refusal = await logIn(login, {
      sockets: this.#sockets,
      prefetched,
      target,
      signal,
      onHello: (sni) => this.presented.sni = sni,
      greeting: this.#dialing?.greeting,
    });
    this.#sockets.passEnds();
    if (refusal !== undefined) this.settle(refusal.reason, refusal.detail);
    return this.reason === undefined;
  }

  #relay(engine: RelayEngine): Promise<RelayEnd> {
    const { client, target } = this.#sockets;
    if (target === undefined) return Promise.resolve({ kind: "stopped" });
    this.tap?.connected(this.#dialing?.header);
    const relaying = engine({ client, target }, this);
    // The engine has it; it must not be held for as long as the relay lasts.
    this.prefetched = undefined;
    return relaying;
  }

  /** Notes how the relay ended, as soon as that is known, and frees the target's place. */
  #relayed(end: RelayEnd): void {
    if (this.#stage !== "relaying") return;
    this.noteEnd(end);
    this.judge(end);
    this.#candidates?.release();
  }

  #record(): void {
    this.stop();
    this.#dialing?.end();
    this.#candidates?.release();
    this.#stage = "ended";
    this.settle("error");
    this.error ??= this.#sockets.error;
    this.endedMs = this.#shared.clock.nowMs();
    this.tap?.ended();
    this.#tallyFirstByte();
    this.app.tally?.sessionEnded(this);
    this.#admitted?.[Symbol.dispose]();
    this.#place?.[Symbol.dispose]();
    this.#shared.observer.sessionEnded(this);
  }

  /** The connection to the client. */
  get clientConnection(): TappedConnection {
    const { local, peer } = this.presented;
    const endsByReset = this.#sockets.endsByReset("client");
    return { local, peer, isTls: this.#sockets.client.isTls ?? false, endsByReset };
  }

  /** The connection to the target. */
  get targetConnection(): TappedConnection | undefined {
    const raw = this.#dialing?.raw;
    if (raw === undefined || this.target === undefined) return undefined;
    const endsByReset = this.#sockets.endsByReset("target");
    return { local: raw.local, peer: raw.peer, isTls: this.#sockets.target?.isTls ?? false, endsByReset };
  }

  /** What it is doing. */
  get stage(): SessionState | "ended" {
    return this.#stage;
  }

  get aborted(): boolean {
    return this.#sockets.isClosed;
  }

  /** Aborted when the session ends. Created on first use: most sessions never need it. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.aborted) this.#controller.abort();
    return this.#controller.signal;
  }

  /** Ends the session for `reason`; the first reason given stands. Its sockets are closed when this returns. */
  end(reason: Reason, detail = ""): void {
    if (this.#stage === "ended") return;
    this.settle(reason, detail);
    this.#cut();
  }

  /** Closes both sockets, so that whatever is pending on them rejects. Idempotent. */
  stop(): void {
    // An ended session has its reason already; an engine stops one because a side has failed.
    if (!this.aborted && this.#stage === "relaying" && this.reason === undefined) {
      this.#sockets.cutShort();
    }
    if (this.#shared.readsTcpInfo === true) this.#measure();
    this.#sockets.close();
  }

  /** Called by the engine: only a client is left that may still send, and would else not get all that it was sent. */
  linger(end: RelayEnd): void {
    try {
      this.#relayed(end);
    } catch (error) {
      // Engines rely on this never throwing.
      this.error ??= error;
    }
    if (end.kind === "failed") this.#sockets.cutClientShort();
    this.#stage = "lingering";
    if (this.#shared.readsTcpInfo === true) this.#measure();
    this.#sockets.closeTarget();
  }

  /** Notes what the kernel has measured of connections that are still open. */
  #measure(): void {
    if (this.aborted) return;
    const raw = this.target === undefined ? undefined : this.#dialing?.raw;
    this.measures = {
      client: this.presented.measures ?? this.measures?.client,
      target: raw?.tcpInfo?.() ?? this.measures?.target,
    };
  }

  sweep(nowMs: number, slackMs: number): void {
    if (nowMs >= this.#endsAtMs) return this.end("max_lifetime");
    if (this.#stage === "dialing") return this.#dialing?.outlast();
    if (this.#stage !== "relaying" && this.#stage !== "lingering") return;
    const { up, down, app } = this;
    const isLingering = this.#stage === "lingering";
    if (!isLingering) this.#sweepRelay();
    if (nowMs >= this.#activeAtMs) this.#reportActive(nowMs);
    const due = isLingering
      ? lingeringDue(up, down, nowMs - slackMs)
      : relayDue(up, down, app, nowMs - slackMs);
    if (due === "close") this.#cut();
    else if (due !== undefined) this.end(due);
  }

  #sweepRelay(): void {
    // Not before: it makes a new connection a tenth dearer, and most end before a sweep finds them.
    const { keepalive } = this.app;
    if (this.#needsKeepalive && keepalive !== false) this.#sockets.keepAlive(keepalive);
    this.#needsKeepalive = false;
    this.proveByFirstByte();
    this.#tallyFirstByte();
  }

  /** Counts the time to the target's first byte, once. */
  #tallyFirstByte(): void {
    const { down, app } = this;
    if (down.firstByteMs < 0) return;
    app.tally?.firstByte(down.firstByteMs - this.startedMs);
    down.firstByteMs = -1;
  }

  #reportActive(nowMs: number): void {
    this.#activeAtMs = nowMs + this.#activeIntervalMs();
    this.endedMs = nowMs;
    if (this.#shared.readsTcpInfo === true) this.#measure();
    this.#shared.observer.sessionActive?.(this);
  }

  #activeIntervalMs(): number {
    const { activeIntervalMs = Infinity, random } = this.#shared;
    return activeIntervalMs === Infinity ? Infinity : activeIntervalMs * (1 - JITTER * random());
  }

  /** Closes everything, and ends every wait. */
  #cut(): void {
    this.stop();
    this.#dialing?.abort();
    this.#controller?.abort();
  }

  readonly #cutByFault = (kind: CutKind, fault: FaultKind): void => {
    if (kind === "reset") this.#sockets.cutShort();
    this.noteFault(fault);
    this.end("killed");
  };
}
