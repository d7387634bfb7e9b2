import { type Address, type Duplex, keepAlive, type Reason } from "../base/mod.ts";
import { clientHash, hashKeyOf } from "../balancing/mod.ts";
import type { DialAttempt, DialHolder, DialResult, LoopClient } from "../dial/mod.ts";
import type { AcceptPlace } from "../listen/mod.ts";
import type { Connection } from "../net/mod.ts";
import type { Candidate, Candidates, Pool } from "../pool/mod.ts";
import type {
  CutKind,
  FaultKind,
  PendingRead,
  RelayContext,
  RelayEnd,
  RelayEngine,
  Sweepable,
} from "../relay/mod.ts";
import type { SessionShared, TargetTalk } from "./app.ts";
import { LedConnection } from "./_led.ts";
import { ClientWatch } from "./_client_watch.ts";
import { dialPool } from "./_dialing.ts";
import { enter, isRefusal } from "./_entry.ts";
import { hadTheirTime, haveSaidTheirLast } from "./_last_words.ts";
import { opening } from "./_opening.ts";
import { type SessionOrigin, SessionOutcome } from "./outcome.ts";
import { SessionTlvs, type TlvFacts } from "./_tlvs.ts";
import type { LogField } from "./ended.ts";

const NO_FIELDS: readonly LogField[] = [];
const UNKNOWN = { received: undefined, tls: undefined };

/** Lifetimes are shortened by up to this share. */
const LIFETIME_JITTER = 0.1;

/**
 * One client connection from accept to record. It owns both sockets: whatever happens, they are closed here, once, and
 * the outcome has one reason.
 */
export class Session extends SessionOutcome implements Sweepable, RelayContext, DialHolder, LoopClient {
  sweepSlot = -1;
  /** Bytes that were read from the client before there was a target. */
  prefetched: Uint8Array | undefined;
  /** The client's first read after that, begun before there is a target where that takes long; else `undefined`. */
  pendingRead: PendingRead | undefined;

  readonly #shared: SessionShared;
  readonly #accepted: Connection;
  #controller: AbortController | undefined;
  readonly #endsAtMs: number;
  readonly #place: AcceptPlace | undefined;
  #client: Duplex;
  #clientAddress: Address | undefined;
  #destination: Address | undefined;
  /** What the client's header and TLS said, where the app does something with it. */
  #introduction: Omit<TlvFacts, "sni"> | undefined;
  #tlvs: SessionTlvs | undefined;
  #admitted: Disposable | undefined;
  #candidates: Candidates | undefined;
  #targetConn: Duplex | undefined;
  #attempt: DialAttempt | undefined;
  /** The way to another own listener, where the target is one. */
  #crossing: Disposable | undefined;
  #socketsClosed = false;
  #stage: "intake" | "dialing" | "relaying" | "lingering" | "ended" = "intake";
  #needsKeepalive: boolean;
  #clientHasTls = false;
  /** The talk with the target that was dialed last. */
  #talk: TargetTalk | undefined;
  /** Watches the client while its target is dialed, where that takes long. */
  #watch: ClientWatch | undefined;

  constructor(client: Connection, origin: SessionOrigin, shared: SessionShared) {
    super(origin, shared.clock.nowMs());
    this.#place = origin.place;
    this.#needsKeepalive = this.app.keepalive;
    this.#accepted = client;
    this.#client = client;
    this.#shared = shared;
    this.#endsAtMs = this.startedMs + this.app.maxLifetimeMs * (1 - LIFETIME_JITTER * shared.random());
  }

  /** Who the client is: the address that a PROXY header gave, or else the one that the connection comes from. */
  get client(): Address {
    return this.#clientAddress ??= this.#accepted.peer;
  }

  /** Where the connection really comes from. */
  get peer(): Address {
    return this.#accepted.peer;
  }

  /** The hash of the client, or of what else `hash_key` names; worked out when a strategy asks for it. */
  get clientHash(): number {
    const client = this.client.kind === "tcp" ? this.client.host : this.client.path;
    const { hashKey } = this.app;
    if (hashKey === undefined) return clientHash(client);
    const tlv = (type: number): Uint8Array | undefined => this.#introduction?.received?.get(type);
    return clientHash(hashKeyOf(hashKey, { client, sni: this.sni, tlv }));
  }

  /** What else the access log shows of it; worked out when it asks. */
  get fields(): readonly LogField[] {
    return this.#tlvsOf()?.logged ?? NO_FIELDS;
  }

  #tlvsOf(): SessionTlvs | undefined {
    const { tlvs } = this.app;
    if (tlvs === undefined) return undefined;
    return this.#tlvs ??= new SessionTlvs(tlvs, { ...(this.#introduction ?? UNKNOWN), sni: this.sni });
  }

  /** Whether the session was ended, or has ended. */
  get aborted(): boolean {
    return this.#socketsClosed;
  }

  /** Aborted when the session is ended. Made when it is asked for: most sessions never need it. */
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
      if (faults?.refuse) this.noteRefusal({ reason: "killed", detail: "a fault refuses the connection" });
      if (pool === undefined || this.reason !== undefined) return;
      this.#candidates = await this.#dial(pool);
      if (this.#candidates === undefined || !await this.#login()) return;
      const engine = faults === undefined ? this.app.engine() : faults.engine(this.#cutByFault);
      this.unproved = pool;
      this.#relayed(await this.#relay(engine));
    } catch (error) {
      // A defect of ours must cost one connection and not the process. What an abort interrupts is no defect.
      if (this.reason === undefined) this.error = error;
    } finally {
      this.#end();
    }
  }

  /** Ends the session for `reason`; the first reason given stands. Its sockets are closed when this returns. */
  end(reason: Reason, detail = ""): void {
    if (this.#stage === "ended") return;
    if (this.reason === undefined) this.detail = detail;
    this.reason ??= reason;
    this.#cut();
  }

  /** Closes everything, and ends every wait. */
  #cut(): void {
    this.stop();
    this.#attempt?.abort();
    this.#controller?.abort();
  }

  readonly #cutByFault = (kind: CutKind, fault: FaultKind): void => {
    if (kind === "reset") this.#withholdEnds();
    this.noteFault(fault);
    this.end("killed");
  };

  /** What was sent to either side is not all, and TLS must not say that it was. */
  #withholdEnds(): void {
    this.#client.withholdEnd?.();
    this.#targetConn?.withholdEnd?.();
  }

  /** Is given each dial while it lasts, by the dialer. */
  hold(attempt: DialAttempt | undefined): void {
    this.#attempt = attempt;
  }

  refusal(address: Address): Error | Promise<Error | undefined> | undefined {
    return this.#shared.loops?.before(this, address);
  }

  vet(conn: Connection, address: Address): void {
    this.#endCrossing();
    this.#crossing = this.#shared.loops?.enter(conn, this, address);
  }

  #endCrossing(): void {
    this.#crossing?.[Symbol.dispose]();
    this.#crossing = undefined;
  }

  /** Closes both sockets, so that whatever is pending on them rejects; may be called any number of times. */
  stop(): void {
    if (this.#socketsClosed) return;
    this.#socketsClosed = true;
    // Whoever ends a session gives the reason first; an engine stops one because a side has failed.
    if (this.#stage === "relaying" && this.reason === undefined) this.#withholdEnds();
    this.#close(this.#client);
    this.#close(this.#targetConn);
  }

  /** Engines rely on this never throwing, whatever a wrapped connection does. */
  #close(conn: Duplex | undefined): void {
    try {
      conn?.close();
    } catch (error) {
      this.error ??= error;
    }
  }

  /** The relay is over but for a client that may still send, and then would not get all that it was sent. */
  linger(end: RelayEnd): void {
    try {
      this.#relayed(end);
    } catch (error) {
      // Engines rely on this never throwing.
      this.error ??= error;
    }
    if (end.kind === "failed") this.#client.withholdEnd?.();
    this.#stage = "lingering";
    this.#close(this.#targetConn);
    this.#targetConn = undefined;
  }

  sweep(nowMs: number, slackMs: number): void {
    if (nowMs >= this.#endsAtMs) return this.end("max_lifetime");
    if (this.#stage === "dialing") return this.#outlast();
    const { up, down } = this;
    const dueMs = nowMs - slackMs;
    if (this.#stage === "lingering") {
      // Since the client was told all, which was the last of the flow down.
      if (hadTheirTime(down.lastByteMs, up.lastByteMs, dueMs)) this.#cut();
      return;
    }
    if (this.#stage !== "relaying") return;
    if (this.#needsKeepalive) this.#keepAlive();
    this.proveByFirstByte();
    if (haveSaidTheirLast(up, down, dueMs)) return this.#cut();
    const quietMs = dueMs - this.lastByteMs;
    if (up.finished !== down.finished && quietMs >= this.app.halfCloseTimeoutMs) {
      this.end("half_close_timeout");
    } else if (quietMs >= this.app.idleTimeoutMs) {
      this.end("idle_timeout");
    }
  }

  /** Only now: it makes a connection a tenth dearer, and most end before a sweep finds them. Waits before have limits. */
  #keepAlive(): void {
    this.#needsKeepalive = false;
    keepAlive(this.#client);
    if (this.#targetConn !== undefined) keepAlive(this.#targetConn);
  }

  /** Goes through what stands between accept and dial; gives the pool, or `undefined` when the connection ends there. */
  async #enter(): Promise<Pool | undefined> {
    const entry = await enter({
      app: this.app,
      conn: this.#client,
      peer: this.client,
      place: this.#place,
      clock: this.#shared.clock,
      signal: this.signal,
    });
    // Ended meanwhile, the session has closed the connection that this one was made of, and did not know of this one.
    if (this.#socketsClosed && entry.conn !== this.#client) this.#close(entry.conn);
    this.#client = entry.conn;
    this.prefetched = entry.prefetched;
    this.#clientAddress = entry.client ?? this.#clientAddress;
    this.#destination = entry.destination;
    this.#admitted = entry.admitted;
    this.sni = entry.sni;
    this.#clientHasTls = entry.hasTls;
    if (this.app.tlvs !== undefined || this.app.hashKey?.kind === "tlv") {
      this.#introduction = { received: entry.received, tls: entry.tls };
    }
    if (!isRefusal(entry.outcome)) return entry.outcome;
    this.noteRefusal(entry.outcome);
    return undefined;
  }

  /** Dials; gives the candidates that hold the target's place, or `undefined` when there is no target. */
  async #dial(pool: Pool): Promise<Candidates | undefined> {
    this.#stage = "dialing";
    const { dialer, queueTimeoutMs, retry, secureTarget, sendsProxy, targetTalk, tlvs } = this.app;
    const dialing = await dialPool(pool, {
      dialer,
      queueTimeoutMs,
      retry,
      port: this.listener.kind === "tcp" ? this.listener.port : 0,
      context: this,
      clock: this.#shared.clock,
      until: this,
      opening: sendsProxy || secureTarget !== undefined || targetTalk !== undefined
        ? opening({
          source: this.client,
          destination: this.#destination ?? this.#accepted.local,
          secureTarget,
          talk: targetTalk === undefined ? undefined : () => this.#talk = targetTalk(this.#clientHasTls),
          sni: this.sni,
          tlvs: this.#tlvsOf(),
          crc32c: tlvs?.send?.crc32c ?? false,
        })
        : undefined,
    });
    this.#endWatch();
    if (dialing.full) this.reason ??= "limit";
    if (dialing.nothing !== "") this.noteRefusal({ reason: "no_target", detail: dialing.nothing });
    if (this.#takeTarget(dialing.dialed)) return dialing.candidates;
    dialing.candidates.release();
    return this.#giveUp();
  }

  /**
   * The dial has lasted until a sweep: from now on its limit has a timer, and the client is watched, so that one that is
   * gone stops the dialing. Most targets answer sooner, and pay for neither.
   */
  #outlast(): void {
    this.#attempt?.linger();
    if (this.#watch !== undefined || this.#socketsClosed || this.app.login !== undefined) return;
    this.#watch = new ClientWatch(this.#client, {
      buffers: this.#shared.buffers,
      prefetched: this.prefetched,
      onGone: () => this.end("client_gone"),
    });
  }

  /** Takes over what the client has said meanwhile. */
  #endWatch(): void {
    if (this.#watch === undefined) return;
    this.#watch.end();
    this.prefetched = this.#watch.prefetched;
    this.pendingRead = this.#watch.pendingRead;
    this.#watch = undefined;
  }

  /** Closes the client, so that its first read ends, and gives the read's buffer back then. */
  #giveUp(): undefined {
    this.stop();
    const { pendingRead } = this;
    if (pendingRead === undefined) return;
    const giveBack = (): void => this.#shared.buffers.give(0, pendingRead.buffer);
    pendingRead.result.then(giveBack, giveBack);
  }

  /** Records how dialing ended; gives whether there is a target to go on with. */
  #takeTarget(dialed: DialResult<Candidate>): boolean {
    this.noteDial(dialed);
    if (dialed.kind !== "connected") return false;
    this.#targetConn = dialed.conn;
    if (this.#socketsClosed) {
      // The session was ended between the dialer's last look and this one.
      this.#close(dialed.conn);
      return false;
    }
    this.#stage = "relaying";
    this.#passEnds();
    this.up.lastByteMs = this.#shared.ticker.nowMs;
    this.down.lastByteMs = this.#shared.ticker.nowMs;
    return true;
  }

  /** Lets each side know where the other's stream ends. */
  #passEnds(): void {
    if (this.#targetConn === undefined) return;
    this.#targetConn.passEndTo?.(this.#client);
    this.#client.passEndTo?.(this.#targetConn);
  }

  /** Logs the client in, where the app does that; gives whether the session goes on. */
  async #login(): Promise<boolean> {
    const { login } = this.app;
    const { target, prefetched: lead } = this;
    if (login === undefined || this.#targetConn === undefined || target === undefined) return true;
    this.prefetched = undefined;
    const refusal = await login({
      client: lead === undefined ? this.#client : new LedConnection(this.#client, { lead }),
      target: this.#targetConn,
      candidate: target,
      signal: this.signal,
      replace: this.#replace,
      onHello: (sni) => this.sni = sni,
    }, this.#talk?.greeting?.() ?? new Uint8Array());
    this.#passEnds();
    if (refusal !== undefined) this.noteRefusal(refusal);
    return this.reason === undefined;
  }

  readonly #replace = (side: "client" | "target", conn: Duplex): void => {
    if (side === "client") this.#client = conn;
    else this.#targetConn = conn;
    // Ended meanwhile, the session has closed the connection under it, and did not know of this one.
    if (this.#socketsClosed) this.#close(conn);
  };

  #relay(engine: RelayEngine): Promise<RelayEnd> {
    if (this.#targetConn === undefined) return Promise.resolve({ kind: "stopped" });
    const relaying = engine({ client: this.#client, target: this.#targetConn }, this);
    // The engine has it, and it is not to be held for as long as the relay lasts.
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

  #end(): void {
    this.stop();
    this.#watch?.end();
    this.#candidates?.release();
    this.#endCrossing();
    this.#stage = "ended";
    this.reason ??= "error";
    this.endedMs = this.#shared.clock.nowMs();
    this.#admitted?.[Symbol.dispose]();
    this.#place?.[Symbol.dispose]();
    this.#shared.observer.sessionEnded(this);
  }
}
