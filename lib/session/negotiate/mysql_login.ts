import { type Duplex, errorMessage, MAX_TIMER_MS, sendAtOnce } from "../../base/mod.ts";
import {
  isMysqlAnswer,
  isMysqlSslRequest,
  MAX_MYSQL_LOGIN_BYTES,
  mysqlAnswer,
  mysqlGreeting,
  type MysqlPacket,
  mysqlPacket,
  mysqlSslRequest,
  mysqlTlsRequired,
  mysqlTurn,
  readMysqlPacket,
} from "../../protocol/mod.ts";
import { PeekedConnection } from "../../routing/mod.ts";
import type { LoginEnds, SecureTarget } from "../app.ts";
import type { TlsAcceptor } from "../inspect/inspector.ts";
import type { Refusal } from "../inspect/refusal.ts";
import { PrefixedConnection } from "./prefixed.ts";
import { writeAll } from "./dialogue.ts";

type Side = "client" | "target";

/** How TLS is spoken in a login. */
export interface MysqlLoginOptions {
  /** The payload of the target's greeting, which was read already. */
  readonly greeting: Uint8Array;
  /** Ends the client's TLS; `undefined` for a client without. */
  readonly tls: TlsAcceptor | undefined;
  /** Begins TLS with the target; `undefined` for none. */
  readonly secureTarget: SecureTarget | undefined;
  /** Whether a client may go on without TLS where `tls` is there. */
  readonly plain: boolean;
  /** The limit of the whole login. */
  readonly timeoutMs: number;
}

/** More packets than any way to log in takes. */
const MAX_TURNS = 32;

/**
 * Carries a login of MySQL, in which TLS begins on either side or both. Where both sides have TLS, or neither has, it ends
 * when TLS has begun; otherwise the packets are numbered anew until the server has let the client in, or not.
 *
 * @returns why the connection goes no further, or `undefined`.
 */
export async function mysqlLogin(ends: LoginEnds, options: MysqlLoginOptions): Promise<Refusal | undefined> {
  const login = new MysqlLogin(ends, options);
  try {
    await login.run();
    return undefined;
  } catch (error) {
    if (error instanceof LoginError) return error.refusal;
    return { reason: "tls_error", detail: `MySQL login: ${errorMessage(error)}` };
  }
}

/** Ends a login. */
class LoginError extends Error {
  override readonly name = "LoginError";
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.detail);
    this.refusal = refusal;
  }
}

class MysqlLogin {
  readonly #ends: LoginEnds;
  readonly #options: MysqlLoginOptions;
  /** For what has no limit of its own: the session's end, and the login's. */
  readonly #signal: AbortSignal;
  readonly #endsAtMs: number;
  #client: PeekedConnection;
  #target: PeekedConnection;

  constructor(ends: LoginEnds, options: MysqlLoginOptions) {
    this.#ends = ends;
    this.#options = options;
    const limit = AbortSignal.timeout(Math.min(options.timeoutMs, MAX_TIMER_MS));
    this.#signal = AbortSignal.any([ends.signal, limit]);
    this.#endsAtMs = performance.now() + options.timeoutMs;
    this.#client = new PeekedConnection(ends.client);
    this.#target = new PeekedConnection(ends.target);
    sendAtOnce(ends.client);
  }

  async run(): Promise<void> {
    const { greeting, tls, secureTarget } = this.#options;
    await this.#write("client", mysqlPacket(0, mysqlGreeting(greeting, tls !== undefined)));
    const answer = await this.#readAnswer(tls);
    let sequence = 1;
    if (secureTarget !== undefined) {
      await this.#write("target", mysqlPacket(sequence++, mysqlSslRequest(answer.payload)));
      const conn = await secureTarget(bare(this.#target), this.#ends.candidate, this.#signal);
      this.#ends.replace("target", conn);
      this.#target = new PeekedConnection(conn);
    }
    await this.#write(
      "target",
      mysqlPacket(sequence, mysqlAnswer(answer.payload, secureTarget !== undefined)),
    );
    await this.#renumber(answer.sequence - sequence);
    this.#ends.replace("client", rest(this.#client));
    this.#ends.replace("target", rest(this.#target));
  }

  /** The client's answer to the greeting, under TLS where it speaks it. */
  async #readAnswer(tls: TlsAcceptor | undefined): Promise<MysqlPacket> {
    const first = await this.#read("client");
    const asksForTls = isMysqlSslRequest(first.payload);
    if (asksForTls && tls !== undefined) {
      await this.#beginClientTls(tls);
      return this.#checkAnswer(await this.#read("client"));
    }
    if (asksForTls) throw bad("the client asks for TLS, which was not offered");
    if (tls !== undefined && !this.#options.plain) {
      await this.#write("client", mysqlTlsRequired(first.sequence + 1));
      throw bad("the client asked for no TLS, and the app requires it");
    }
    return this.#checkAnswer(first);
  }

  #checkAnswer(packet: MysqlPacket): MysqlPacket {
    if (isMysqlAnswer(packet.payload)) return packet;
    throw bad("the client's answer to the greeting cannot be read");
  }

  async #beginClientTls(tls: TlsAcceptor): Promise<void> {
    // Nobody answers the request: what comes behind it is TLS, and goes nowhere else.
    const { conn: raw, bytes: lead } = this.#client.take() ?? { conn: this.#client, bytes: new Uint8Array() };
    const { conn } = await tls.accept(raw, {
      lead,
      signal: this.#signal,
      onHello: (sni) => this.#ends.onHello(sni),
    });
    this.#ends.replace("client", conn);
    this.#client = new PeekedConnection(conn);
  }

  /** Passes packets on, by turns, until the server has decided; `shift` is by how much the client's numbers are higher. */
  async #renumber(shift: number): Promise<void> {
    if (shift === 0) return;
    for (let turns = 0; turns < MAX_TURNS; turns++) {
      const said = await this.#read("target");
      await this.#write("client", mysqlPacket(said.sequence + shift, said.payload));
      const turn = mysqlTurn(said.payload);
      if (turn === "over") return;
      if (turn === "server") continue;
      const answer = await this.#read("client");
      await this.#write("target", mysqlPacket(answer.sequence - shift, answer.payload));
    }
    throw bad(`it went on for ${MAX_TURNS} turns`);
  }

  async #write(side: Side, bytes: Uint8Array): Promise<void> {
    try {
      await writeAll(side === "client" ? this.#client : this.#target, bytes);
    } catch (error) {
      throw lost(side, errorMessage(error));
    }
  }

  /** The next packet of a side, consumed. */
  async #read(side: Side): Promise<MysqlPacket> {
    const conn = side === "client" ? this.#client : this.#target;
    const outcome = await conn.peekUntil(readMysqlPacket, {
      maxBytes: MAX_MYSQL_LOGIN_BYTES,
      timeoutMs: Math.max(0, this.#endsAtMs - performance.now()),
      signal: this.#ends.signal,
    });
    if (outcome.kind !== "verdict") {
      if (outcome.kind === "timeout") throw bad(`the ${side} did not answer in time`);
      if (outcome.kind === "too_long") throw bad(`the ${side} sent a packet that is too long`);
      throw lost(side, outcome.kind === "failed" ? errorMessage(outcome.error) : "it closed the connection");
    }
    const { verdict } = outcome;
    if (verdict.kind === "bad") throw bad(`the ${side} is out of step: ${verdict.problem}`);
    const packet = { ...verdict, payload: verdict.payload.slice() };
    conn.skip(verdict.length);
    return packet;
  }
}

function bad(detail: string): LoginError {
  return new LoginError({ reason: "tls_error", detail: `MySQL login: ${detail}` });
}

function lost(side: Side, how: string): LoginError {
  const reason = side === "client" ? "client_gone" : "target_reset";
  return new LoginError({ reason, detail: `MySQL login: the ${side} left: ${how}` });
}

/** The connection under one of which nothing is held. */
function bare(peeked: PeekedConnection): Duplex {
  return peeked.take()?.conn ?? peeked;
}

/** The connection with what is held of it. */
function rest(peeked: PeekedConnection): Duplex {
  const taken = peeked.take();
  if (taken === undefined) return peeked;
  return taken.bytes.length === 0 ? taken.conn : new PrefixedConnection(taken.conn, { lead: taken.bytes });
}
