import type { AcceptPlace } from "../listen/mod.ts";
import type { Connection } from "../net/mod.ts";
import type { Candidates, Pool } from "../pool/mod.ts";
import type { CutKind, FaultKind, PendingRead, RelayContext, RelayEnd, RelayEngine } from "../relay/mod.ts";
import type { Login } from "./app.ts";
import { type DialingSession, type DialOwner, DialStage } from "./dial/dial_stage.ts";
import { admit } from "./inspect/admission.ts";
import { inspect, isRefusal } from "./inspect/inspect.ts";
import type { InspectRules } from "./inspect/inspector.ts";
import { logIn } from "./negotiate/login.ts";
import { OpenSession, type SessionOptions } from "./open_session.ts";
import type { SessionOrigin } from "./outcome.ts";

const NO_PLACE = "no target had a place within queue_timeout";
const DOWN_MEANWHILE = "an operator took the target down while it was dialed";

/**
 * One client connection from accept to record. Its life is {@link Session.run}: admit, sniff and route (`inspect/`),
 * choose, dial and open (`dial/`), relay (the engine), record.
 */
export class Session extends OpenSession implements RelayContext, DialOwner {
  /** Bytes read from the client before there was a target. */
  prefetched: Uint8Array | undefined;
  /** The client's next read, where it is pending already. */
  pendingRead: PendingRead | undefined;

  readonly #place: AcceptPlace | undefined;
  #admitted: Disposable | undefined;
  #candidates: Candidates | undefined;

  constructor(accepted: Connection, origin: SessionOrigin, shared: SessionOptions) {
    super(accepted, origin, shared);
    this.#place = origin.place;
    this.app.tally?.sessionBegan();
  }

  /** Carries the connection to its end. Never rejects. */
  async run(): Promise<void> {
    try {
      const { app } = this;
      const pool = app.inspect === undefined ? this.#admit() : await this.#inspect(app.inspect);
      const faults = app.faultsFor?.(this.client, this.shared.clock.nowMs());
      if (faults?.refuse) this.settle("killed", "a fault refuses the connection");
      if (pool === undefined || this.reason !== undefined) return;
      if (!await this.#dial(pool)) return;
      if (app.login !== undefined && !await this.#logIn(app.login)) return;
      this.unproved = pool;
      this.#relayed(
        await this.#relay(
          faults === undefined ? app.engine() : faults.engine((kind, fault) => this.#cutByFault(kind, fault)),
        ),
      );
    } catch (error) {
      // An internal error costs one connection, not the process. What an abort interrupts is no error.
      if (this.reason === undefined) this.error = error;
    } finally {
      this.#record();
    }
  }

  /** Admits a client of whom nothing is read; returns the pool, or `undefined` where the connection goes no further. */
  #admit(): Pool | undefined {
    const { app: { admission }, presented: { peer }, shared: { clock } } = this;
    if (admission !== undefined) {
      const admitted = admit(admission, { peer, announced: undefined }, clock.nowMs());
      if (admitted !== undefined && "reason" in admitted) {
        this.#place?.refund?.();
        this.settle(admitted.reason, admitted.detail);
        return undefined;
      }
      this.#admitted = admitted;
    }
    return this.app.poolFor(undefined);
  }

  /** Admits, sniffs and routes; returns the pool, or `undefined` where the connection goes no further. */
  async #inspect(rules: InspectRules): Promise<Pool | undefined> {
    const { app } = this;
    const found = await inspect({
      app,
      rules,
      conn: this.sockets.client,
      peer: this.presented.peer,
      place: this.#place,
      clock: this.shared.clock,
      signal: this.signal,
    });
    this.sockets.replaceClient(found.conn);
    this.presented.learn(found);
    this.#admitted = found.admitted;
    this.prefetched = found.prefetched;
    if (!isRefusal(found.outcome)) return found.outcome;
    this.settle(found.outcome.reason, found.outcome.detail);
    return undefined;
  }

  /** Chooses, dials and opens; returns whether there is a target. */
  async #dial(pool: Pool): Promise<boolean> {
    this.state = "dialing";
    const stage = this.dialing = new DialStage(this.#dialingSession());
    const { dialed, candidates, full, nothing } = await stage.dial(pool);
    this.prefetched = stage.prefetched;
    this.pendingRead = stage.pendingRead;
    if (full) this.settle("limit", NO_PLACE);
    if (nothing !== "") this.settle("no_target", nothing);
    this.noteDial(dialed);
    this.#candidates = candidates;
    if (this.target?.target.admin === "down") this.end("target_down", DOWN_MEANWHILE);
    // The session may have ended between the dialer's last look and this one.
    if (dialed.kind === "connected" && this.sockets.takeTarget(dialed.conn)) {
      this.state = "relaying";
      this.sockets.passEnds();
      this.up.lastByteMs = this.down.lastByteMs = this.shared.ticker.nowMs;
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
      sockets: this.sockets,
      shared: this.shared,
      prefetched: this.prefetched,
      owner: this,
    };
  }

  clientLeft(): void {
    this.end("client_gone");
  }

  /** Logs the client in, where TLS begins in the middle of that (MySQL); returns whether the session goes on. */
  async #logIn(login: Login): Promise<boolean> {
    const { target, prefetched, signal } = this;
    if (target === undefined) return true;
    this.prefetched = undefined;
    const refusal = await logIn(login, {
      sockets: this.sockets,
      prefetched,
      target,
      signal,
      onHello: (sni) => this.presented.sni = sni,
      greeting: this.dialing?.greeting,
    });
    this.sockets.passEnds();
    if (refusal !== undefined) this.settle(refusal.reason, refusal.detail);
    return this.reason === undefined;
  }

  #relay(engine: RelayEngine): Promise<RelayEnd> {
    const { client, target } = this.sockets;
    if (target === undefined) return Promise.resolve({ kind: "stopped" });
    this.tap?.connected(this.dialing?.header);
    const relaying = engine({ client, target }, this);
    // The engine has it; it must not be held for as long as the relay lasts.
    this.prefetched = undefined;
    return relaying;
  }

  /** Notes how the relay ended, as soon as that is known, and frees the target's place. */
  #relayed(end: RelayEnd): void {
    if (this.state !== "relaying") return;
    this.noteEnd(end);
    this.judge(end);
    this.#candidates?.release();
  }

  #record(): void {
    this.stop();
    this.dialing?.end();
    this.#candidates?.release();
    this.state = "ended";
    this.settle("error");
    this.error ??= this.sockets.error;
    this.endedMs = this.shared.clock.nowMs();
    this.tap?.ended();
    this.tallyFirstByte();
    this.app.tally?.sessionEnded(this);
    this.#admitted?.[Symbol.dispose]();
    this.#place?.[Symbol.dispose]();
    this.shared.observer.sessionEnded(this);
  }

  /** Called by the engine: only a client is left that may still send, and would else not get all that it was sent. */
  linger(end: RelayEnd): void {
    try {
      this.#relayed(end);
    } catch (error) {
      // Engines rely on this never throwing.
      this.error ??= error;
    }
    if (end.kind === "failed") this.sockets.cutClientShort();
    this.state = "lingering";
    this.measure();
    this.sockets.closeTarget();
  }

  #cutByFault(kind: CutKind, fault: FaultKind): void {
    if (kind === "reset") this.sockets.cutShort();
    this.noteFault(fault);
    this.end("killed");
  }
}
