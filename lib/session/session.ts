import { type Address, type Duplex, errorCode, isReset, type Reason } from "../base/mod.ts";
import { clientHash } from "../balancing/mod.ts";
import type { DialFailure, DialResult } from "../dial/mod.ts";
import type { Accepted } from "../listen/mod.ts";
import type { Candidate, Candidates, Pool } from "../pool/mod.ts";
import {
  type EarlyRead,
  Flow,
  type RelayContext,
  type RelayEnd,
  type RelayEngine,
  type Sweepable,
} from "../relay/mod.ts";
import type { SessionApp, SessionShared } from "./app.ts";
import { dialPool } from "./_dialing.ts";
import { enter, isRefusal } from "./_entry.ts";
import type { Refusal } from "./intake.ts";
import { opening, writeAll } from "./_opening.ts";
import { addressOf } from "./_peer.ts";

/** Where a session came from and what it belongs to. */
export interface SessionOrigin {
  /** Unique in this process. */
  readonly id: number;
  readonly app: SessionApp;
  /** The address that the client came to. */
  readonly listener: Address;
  /** Its place among the app's connections, given back when it ends. */
  readonly place?: Disposable | undefined;
}

/**
 * How long a client that has finished without a byte keeps its dial: a client that has left looks the same as one that
 * only listens (`nc -N host port </dev/null` on a protocol where the server speaks first), and the latter is served by
 * any target that answers at all.
 */
const SILENT_CLIENT_GRACE_MS = 1000;

/** Lifetimes are shortened by up to this share. */
const LIFETIME_JITTER = 0.1;

/**
 * One client connection from accept to record. It owns both sockets: whatever happens, they are closed here, once, and
 * the outcome has one reason.
 */
export class Session implements Sweepable, RelayContext {
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
  sweepSlot = -1;
  /** The client's first read, begun before there is a target; `undefined` before. */
  early: EarlyRead | undefined;

  readonly #shared: SessionShared;
  readonly #accepted: Accepted;
  #controller: AbortController | undefined;
  readonly #endsAtMs: number;
  readonly #place: Disposable | undefined;
  #client: Duplex;
  #clientAddress: Address | undefined;
  #destination: Address | undefined;
  /** Bytes that were read from the client before there was a target. */
  #lead: Uint8Array | undefined;
  #admitted: Disposable | undefined;
  #targetConn: Duplex | undefined;
  #socketsClosed = false;
  #stage: "intake" | "dialing" | "relaying" | "ended" = "intake";
  #graceTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: Accepted, origin: SessionOrigin, shared: SessionShared) {
    this.id = origin.id;
    this.app = origin.app;
    this.listener = origin.listener;
    this.#place = origin.place;
    this.#accepted = client;
    this.#client = client;
    this.#shared = shared;
    this.startedMs = shared.clock.nowMs();
    this.up = new Flow("up", this.startedMs);
    this.down = new Flow("down", this.startedMs);
    this.#endsAtMs = this.startedMs + this.app.maxLifetimeMs * (1 - LIFETIME_JITTER * shared.random());
  }

  /** Who the client is: the address that a PROXY header gave, or else the one that the connection comes from. */
  get client(): Address {
    return this.#clientAddress ??= addressOf(this.#accepted.remoteAddr);
  }

  /** The client's hash for the balancing; worked out when a strategy asks for it. */
  get clientHash(): number {
    return clientHash(this.client.kind === "tcp" ? this.client.host : this.client.path);
  }

  /** When a byte passed last in either direction, on the sweep's clock. */
  get lastByteMs(): number {
    return Math.max(this.up.lastByteMs, this.down.lastByteMs);
  }

  /** Aborted when the session is ended. Made when it is asked for: most sessions need it for their dial alone. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#socketsClosed) this.#controller.abort();
    return this.#controller.signal;
  }

  /** Carries the connection to its end. Never rejects. */
  async run(): Promise<void> {
    try {
      const pool = this.app.intake === undefined && this.app.admission === undefined
        ? this.app.poolFor(undefined)
        : await this.#enter();
      const faults = this.app.faultsFor?.(this.client, this.#shared.clock.nowMs());
      if (faults?.refuse) this.#refuse({ reason: "killed", detail: "a fault refuses the connection" });
      if (pool === undefined || this.reason !== undefined) return;
      const candidates = await this.#dial(pool);
      if (candidates === undefined) return;
      const engine = faults === undefined ? this.app.engine() : faults.engine(() => this.end("killed"));
      const end = await this.#relay(engine);
      this.reason ??= this.#reasonOf(end);
      candidates.release();
      this.#report(pool);
    } catch (error) {
      // A defect of ours must cost one connection and not the process. What an abort interrupts is no defect.
      if (this.reason === undefined) this.error = error;
    } finally {
      this.#end();
    }
  }

  /** Ends the session for `reason`; the first reason given stands. Its sockets are closed when this returns. */
  end(reason: Reason): void {
    if (this.#stage === "ended") return;
    this.reason ??= reason;
    this.stop();
    this.#controller?.abort();
  }

  /** Closes both sockets, so that whatever is pending on them rejects; may be called any number of times. */
  stop(): void {
    if (this.#socketsClosed) return;
    this.#socketsClosed = true;
    // Engines rely on this never throwing, whatever a wrapped connection does.
    for (const conn of [this.#client, this.#targetConn]) {
      try {
        conn?.close();
      } catch (error) {
        this.error ??= error;
      }
    }
  }

  sweep(nowMs: number, slackMs: number): void {
    if (nowMs >= this.#endsAtMs) return this.end("max_lifetime");
    if (this.#stage !== "relaying") return;
    const quietMs = nowMs - this.lastByteMs - slackMs;
    if (this.up.finished !== this.down.finished && quietMs >= this.app.halfCloseTimeoutMs) {
      this.end("half_close_timeout");
    } else if (quietMs >= this.app.idleTimeoutMs) {
      this.end("idle_timeout");
    }
  }

  /** Goes through what stands between accept and dial; gives the pool, or `undefined` when the connection ends there. */
  async #enter(): Promise<Pool | undefined> {
    const entry = await enter({
      app: this.app,
      conn: this.#client,
      peer: this.client,
      clock: this.#shared.clock,
      signal: this.signal,
    });
    this.#client = entry.conn;
    this.#lead = entry.lead;
    this.#clientAddress = entry.client ?? this.#clientAddress;
    this.#destination = entry.destination;
    this.#admitted = entry.admitted;
    this.sni = entry.sni;
    return isRefusal(entry.outcome) ? this.#refuse(entry.outcome) : entry.outcome;
  }

  #refuse(refusal: Refusal): undefined {
    this.reason ??= refusal.reason;
    this.detail = refusal.detail;
    return undefined;
  }

  /** Dials; gives the candidates that hold the target's place, or `undefined` when there is no target. */
  async #dial(pool: Pool): Promise<Candidates | undefined> {
    this.#stage = "dialing";
    this.early = this.#watchClient();
    const { dialer, queueTimeoutMs, secureTarget, sendsProxy } = this.app;
    const dialing = await dialPool(pool, {
      dialer,
      queueTimeoutMs,
      port: this.listener.kind === "tcp" ? this.listener.port : 0,
      context: this,
      clock: this.#shared.clock,
      signal: this.signal,
      opening: sendsProxy || secureTarget !== undefined
        ? opening({
          source: this.client,
          destination: this.#destination ?? addressOf(this.#accepted.localAddr),
          secureTarget,
        })
        : undefined,
    });
    clearTimeout(this.#graceTimer);
    if (typeof dialing === "string") {
      if (dialing === "full") this.reason ??= "limit";
      return this.#giveUp();
    }
    for (const { target } of dialing.dialed.failures) pool.report(target.target, "failed");
    if (this.#settleDial(dialing.dialed)) return dialing.candidates;
    dialing.candidates.release();
    return this.#giveUp();
  }

  /** Begins the client's first read, so that a client that leaves stops the dialing. */
  #watchClient(): EarlyRead {
    const buffer = this.#shared.buffers.take(0);
    const result = this.#client.read(buffer);
    result.then(this.#clientRead, this.#clientFailed);
    return { buffer, result };
  }

  readonly #clientRead = (count: number | null): void => {
    if (count !== null || this.#stage !== "dialing" || this.#lead !== undefined) return;
    this.#graceTimer = setTimeout(() => this.end("client_gone"), SILENT_CLIENT_GRACE_MS);
  };

  readonly #clientFailed = (): void => {
    if (this.#stage === "dialing") this.end("client_gone");
  };

  /** Closes the client, so that its first read ends, and gives the read's buffer back then. */
  #giveUp(): undefined {
    this.stop();
    const { early } = this;
    if (early === undefined) return;
    const giveBack = (): void => this.#shared.buffers.give(0, early.buffer);
    early.result.then(giveBack, giveBack);
  }

  /** Records how dialing ended; gives whether there is a target to go on with. */
  #settleDial(dialed: DialResult<Candidate>): boolean {
    this.tries = dialed.tries;
    this.failures = dialed.failures;
    if (dialed.kind === "exhausted") this.reason ??= "no_target";
    if (dialed.kind !== "connected") return false;
    this.#targetConn = dialed.conn;
    this.target = dialed.target;
    this.connectMs = dialed.connectMs;
    // The session may have been ended between the dialer's last look and this one.
    if (this.#socketsClosed) dialed.conn.close();
    return !this.#socketsClosed;
  }

  #relay(engine: RelayEngine): Promise<RelayEnd> {
    this.#stage = "relaying";
    this.up.lastByteMs = this.#shared.ticker.nowMs;
    this.down.lastByteMs = this.#shared.ticker.nowMs;
    if (this.#targetConn === undefined) return Promise.resolve({ kind: "stopped" });
    const ends = { client: this.#client, target: this.#targetConn };
    return this.#lead === undefined
      ? engine(ends, this)
      : this.#relayLead(this.#lead, () => engine(ends, this));
  }

  /** Sends what was read before there was a target, then relays. */
  async #relayLead(lead: Uint8Array, relay: () => Promise<RelayEnd>): Promise<RelayEnd> {
    if (this.#targetConn === undefined) return { kind: "stopped" };
    try {
      await writeAll(this.#targetConn, lead);
    } catch (error) {
      this.#giveUp();
      return { kind: "failed", side: "target", error };
    }
    this.up.bytes += lead.length;
    this.#lead = undefined;
    return await relay();
  }

  /** Tells the pool how the target did: a reset before its first byte is as bad as a refused dial. */
  #report(pool: Pool): void {
    const failed = this.reason === "target_reset" && this.down.bytes === 0;
    if (this.target !== undefined) pool.report(this.target.target, failed ? "failed" : "succeeded");
  }

  #reasonOf(end: RelayEnd): Reason {
    if (end.kind === "finished") return end.first === "up" ? "client_closed" : "target_closed";
    if (end.kind === "failed" && isReset(errorCode(end.error))) return `${end.side}_reset`;
    this.error = end.kind === "failed" ? end.error : undefined;
    return "error";
  }

  #end(): void {
    this.stop();
    clearTimeout(this.#graceTimer);
    this.#stage = "ended";
    this.reason ??= "error";
    this.endedMs = this.#shared.clock.nowMs();
    this.#admitted?.[Symbol.dispose]();
    this.#place?.[Symbol.dispose]();
    this.#shared.observer.sessionEnded(this);
  }
}
