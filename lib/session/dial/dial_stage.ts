import type { Address } from "../../base/mod.ts";
import type { DialAttempt, DialHolder, LoopClient, Preamble } from "../../dial/mod.ts";
import type { Connection } from "../../net/mod.ts";
import type { Candidate, Pool } from "../../pool/mod.ts";
import type { PendingRead } from "../../relay/mod.ts";
import type { SessionApp, SessionShared, TargetTalk } from "../app.ts";
import type { Client } from "../_client.ts";
import { ClientWatch } from "./_client_watch.ts";
import { type Dialing, dialPool } from "./_dialing.ts";
import { preamble } from "./_preamble.ts";
import type { SessionSockets } from "../_sockets.ts";
import type { SessionTap } from "../tap.ts";

/** The session that a target is dialed for. */
export interface DialingSession {
  readonly app: SessionApp;
  readonly listener: Address;
  readonly client: Client;
  readonly sockets: SessionSockets;
  readonly shared: SessionShared;
  /** Bytes read from the client already. */
  readonly prefetched: Uint8Array | undefined;
  readonly owner: DialOwner;
}

/** The session as its dialing needs it later. */
export interface DialOwner {
  /** Aborted when the session ends. */
  readonly signal: AbortSignal;
  /** Set while the session is captured, so that the first bytes to the target are kept. */
  readonly tap: SessionTap | undefined;
  /** Called at most once, when the client has left. */
  clientLeft(): void;
}

/** The dialing of one session: its attempts, the client meanwhile, and what went to the target before the data. */
export class DialStage implements DialHolder, LoopClient {
  /** The client's bytes read so far, those that came during the dial included. */
  prefetched: Uint8Array | undefined;
  /** The client's next read, where it is pending. */
  pendingRead: PendingRead | undefined;
  /** The connection to the target that was dialed last, beneath TLS. */
  raw: Connection | undefined;
  /** The PROXY header that it was sent; kept for captures only. */
  header: Uint8Array | undefined;
  readonly #session: DialingSession;
  #isOver = false;
  #attempt: DialAttempt | undefined;
  #watch: ClientWatch | undefined;
  /** The dialogue with the target that was dialed last. */
  #talk: TargetTalk | undefined;
  /** Marks the connection as one to another listener of this proxy. */
  #crossing: Disposable | undefined;

  constructor(session: DialingSession) {
    this.#session = session;
    this.prefetched = session.prefetched;
  }

  get aborted(): boolean {
    return this.#session.sockets.isClosed;
  }

  get signal(): AbortSignal {
    return this.#session.owner.signal;
  }

  get listener(): Address {
    return this.#session.listener;
  }

  get peer(): Address {
    return this.#session.client.peer;
  }

  get client(): Address {
    return this.#session.client.address;
  }

  get early(): Uint8Array | undefined {
    const { sendsProxy, secureTarget, targetTalk } = this.#session.app;
    const isFirst = !sendsProxy && secureTarget === undefined && targetTalk === undefined;
    return isFirst && this.prefetched !== undefined && this.prefetched.length > 0
      ? this.prefetched
      : undefined;
  }

  get speaksFirst(): boolean {
    return this.#session.app.speaksFirst === true;
  }

  /** The target's bytes before the data, for the login that follows. */
  get greeting(): Uint8Array | undefined {
    return this.#talk?.greeting?.();
  }

  /** Dials the candidates of the pool until one answers. */
  async dial(pool: Pool): Promise<Dialing> {
    const { app, listener, client, shared } = this.#session;
    const dialing = await dialPool(pool, {
      dialer: app.dialer,
      queueTimeoutMs: app.queueTimeoutMs,
      retry: app.retry,
      port: listener.kind === "tcp" ? listener.port : 0,
      context: client,
      clock: shared.clock,
      until: this,
      opening: this.#preamble(),
      tally: app.tally,
    });
    // In this very turn: a sweep before the session goes on must not begin to watch.
    this.#isOver = true;
    this.#endWatch();
    return dialing;
  }

  /**
   * A dial has lasted until a sweep: its limit gets a timer, and the client is watched, so that one that is gone stops the
   * dialing. Most targets answer sooner, and pay for neither.
   */
  outlast(): void {
    this.#attempt?.linger();
    const { app, shared, sockets } = this.#session;
    if (this.#isOver || this.#watch !== undefined || this.aborted || app.login !== undefined) return;
    this.#watch = new ClientWatch(sockets.client, {
      buffers: shared.buffers,
      prefetched: this.prefetched,
      onGone: () => this.#session.owner.clientLeft(),
    });
  }

  /** Ends the attempt under way. */
  abort(): void {
    this.#attempt?.abort();
  }

  hold(attempt: DialAttempt | undefined): void {
    this.#attempt = attempt;
  }

  refusal(address: Address): Error | Promise<Error | undefined> | undefined {
    return this.#session.shared.loops?.before(this, address);
  }

  vet(conn: Connection, address: Address): void {
    this.raw = conn;
    this.header = undefined;
    this.#endCrossing();
    this.#crossing = this.#session.shared.loops?.enter(conn, this, address);
  }

  /** Gives back the buffer of the client's pending read, once the client is closed. */
  discardRead(): void {
    const { pendingRead } = this;
    if (pendingRead === undefined) return;
    const { buffers } = this.#session.shared;
    const giveBack = (): void => buffers.give(0, pendingRead.buffer);
    pendingRead.result.then(giveBack, giveBack);
  }

  /** The session is over. */
  end(): void {
    this.#watch?.end();
    this.#endCrossing();
  }

  #endCrossing(): void {
    this.#crossing?.[Symbol.dispose]();
    this.#crossing = undefined;
  }

  /** Takes over what the client has sent meanwhile. */
  #endWatch(): void {
    if (this.#watch === undefined) return;
    this.#watch.end();
    this.prefetched = this.#watch.prefetched;
    this.pendingRead = this.#watch.pendingRead;
    this.#watch = undefined;
  }

  #preamble(): Preamble<Candidate> | undefined {
    const { app: { sendsProxy, secureTarget, targetTalk, tlvs }, client } = this.#session;
    if (!sendsProxy && secureTarget === undefined && targetTalk === undefined) return undefined;
    return preamble({
      source: client.address,
      destination: client.destination,
      secureTarget,
      talk: targetTalk === undefined ? undefined : () => this.#talk = targetTalk(client.hasTls),
      sni: client.sni,
      tlvs: client.tlvs,
      crc32c: tlvs?.send?.crc32c ?? false,
      onHeader: (header) => {
        if (this.#session.owner.tap !== undefined) this.header = header;
      },
    });
  }
}
