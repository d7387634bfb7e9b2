import { type Address, type Duplex, errorCode, isReset, type Reason } from "../base/mod.ts";
import { clientHash } from "../balancing/mod.ts";
import type { DialFailure, DialResult } from "../dial/mod.ts";
import type { Accepted } from "../listen/mod.ts";
import type { Candidate, Pool } from "../pool/mod.ts";
import { type EarlyRead, Flow, type RelayEnd, type Sweepable } from "../relay/mod.ts";
import { admit } from "./admission.ts";
import type { SessionApp, SessionFaults, SessionShared } from "./app.ts";
import { type Dialing, dialPool } from "./_dialing.ts";
import { Intake, type Refusal } from "./intake.ts";
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
export class Session implements Sweepable {
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

  readonly #shared: SessionShared;
  readonly #accepted: Accepted;
  readonly #controller = new AbortController();
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

  /** Carries the connection to its end. Never rejects. */
  async run(): Promise<void> {
    try {
      const isPlain = this.app.intake === undefined && this.app.admission === undefined;
      const pool = isPlain ? this.app.poolFor(undefined) : await this.#comeIn();
      if (pool !== undefined) await this.#serve(pool);
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
    this.#controller.abort();
    this.#closeSockets();
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

  /** Reads what the app wants to know, admits, routes; gives the pool, or `undefined` when the connection ends here. */
  async #comeIn(): Promise<Pool | undefined> {
    const { intake: rules, admission } = this.app;
    const intake = rules === undefined ? undefined : new Intake(this.#client, rules, this.#controller.signal);
    const announced = await intake?.readProxyHeader(this.client);
    if (announced !== undefined) {
      if ("reason" in announced) return this.#refuse(announced);
      this.#clientAddress = announced.source ?? this.#clientAddress;
      this.#destination = announced.destination;
    }
    if (admission !== undefined) {
      const admitted = admit(admission, this.client, this.#shared.clock.nowMs());
      if (typeof admitted === "string") return this.#refuse({ reason: admitted, detail: "" });
      this.#admitted = admitted;
    }
    const facts = await intake?.readTls();
    if (facts !== undefined && "reason" in facts) return this.#refuse(facts);
    this.sni = facts?.sni;
    if (intake !== undefined) {
      const { conn, lead } = intake.take();
      this.#client = conn;
      this.#lead = lead.length > 0 ? lead : undefined;
    }
    return this.app.poolFor(facts) ?? this.#refuse({
      reason: "no_route",
      detail: `no route takes ${this.sni === undefined ? "a connection without a server name" : this.sni}`,
    });
  }

  #refuse(refusal: Refusal): undefined {
    this.reason ??= refusal.reason;
    this.detail = refusal.detail;
    return undefined;
  }

  /** Dials a target of the pool and relays until the end. */
  async #serve(pool: Pool): Promise<void> {
    const faults = this.app.faultsFor(this.client, this.#shared.clock.nowMs());
    if (faults?.refuse) return this.#refuse({ reason: "killed", detail: "a fault refuses the connection" });
    this.#stage = "dialing";
    const early = this.#watchClient();
    const dialing = await this.#dial(pool);
    clearTimeout(this.#graceTimer);
    if (typeof dialing === "string") {
      if (dialing === "full") this.reason ??= "limit";
      return this.#giveBack(early);
    }
    for (const { target } of dialing.dialed.failures) pool.report(target.target, "failed");
    try {
      if (!this.#settleDial(dialing.dialed)) return this.#giveBack(early);
      await this.#relay(early, faults);
    } finally {
      dialing.candidates.release();
    }
    const failedEarly = this.reason === "target_reset" && this.down.bytes === 0;
    if (this.target !== undefined) pool.report(this.target.target, failedEarly ? "failed" : "succeeded");
  }

  #dial(pool: Pool): Promise<Dialing> {
    const { dialer, queueTimeoutMs, secureTarget, sendsProxy } = this.app;
    return dialPool(pool, {
      dialer,
      queueTimeoutMs,
      port: this.listener.kind === "tcp" ? this.listener.port : 0,
      context: this,
      clock: this.#shared.clock,
      signal: this.#controller.signal,
      opening: sendsProxy || secureTarget !== undefined
        ? opening({
          source: this.client,
          destination: this.#destination ?? addressOf(this.#accepted.localAddr),
          secureTarget,
        })
        : undefined,
    });
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
  #giveBack(early: EarlyRead): void {
    this.#closeSockets();
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

  async #relay(early: EarlyRead, faults: SessionFaults | undefined): Promise<void> {
    if (this.#targetConn === undefined) return;
    this.#stage = "relaying";
    this.up.lastByteMs = this.#shared.ticker.nowMs;
    const engine = faults === undefined ? this.app.engine() : faults.engine(() => this.end("killed"));
    const end = await this.#sendLead(this.#targetConn) ??
      await engine({ client: this.#client, target: this.#targetConn }, {
        up: this.up,
        down: this.down,
        early,
        signal: this.#controller.signal,
        stop: () => this.#closeSockets(),
      });
    this.reason ??= this.#reasonOf(end);
  }

  /** Sends what was read before there was a target; gives how the relay ended if it ended by that. */
  async #sendLead(target: Duplex): Promise<RelayEnd | undefined> {
    if (this.#lead === undefined) return undefined;
    try {
      await writeAll(target, this.#lead);
      this.up.bytes += this.#lead.length;
      this.#lead = undefined;
      return undefined;
    } catch (error) {
      return { kind: "failed", side: "target", error };
    }
  }

  #reasonOf(end: RelayEnd): Reason {
    if (end.kind === "finished") return end.first === "up" ? "client_closed" : "target_closed";
    if (end.kind === "failed" && isReset(errorCode(end.error))) return `${end.side}_reset`;
    this.error = end.kind === "failed" ? end.error : undefined;
    return "error";
  }

  #closeSockets(): void {
    if (this.#socketsClosed) return;
    this.#socketsClosed = true;
    this.#client.close();
    this.#targetConn?.close();
  }

  #end(): void {
    this.#closeSockets();
    clearTimeout(this.#graceTimer);
    this.#stage = "ended";
    this.reason ??= "error";
    this.endedMs = this.#shared.clock.nowMs();
    this.#admitted?.[Symbol.dispose]();
    this.#place?.[Symbol.dispose]();
    this.#shared.observer.sessionEnded(this);
  }
}
