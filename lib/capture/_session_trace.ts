import { type Address, errorCode, formatAddress, parseIp } from "../base/mod.ts";
import type { TcpEnd } from "../protocol/mod.ts";
import type { Flow, Side } from "../relay/mod.ts";
import type { TappedConnection, TappedSession } from "../session/mod.ts";
import { TcpTrace, type TracedPacket } from "./_tcp_trace.ts";

/** A packet on one side of the proxy. */
export interface SidePacket extends TracedPacket {
  readonly side: Side;
}

export interface SessionTraceOptions {
  /** When the trace begins, on the session's clock: nothing earlier is shown. */
  readonly sinceMs: number;
  /** Returns whether to make a packet with this size of payload. */
  admits(side: Side, payloadBytes: number): boolean;
  emit(packet: SidePacket): void;
}

/** The packets of one session, on both sides of the proxy. Times are on the session's clock, in milliseconds. */
export class SessionTrace {
  readonly #session: TappedSession;
  readonly #options: SessionTraceOptions;
  readonly #client: TcpTrace;
  #target: TcpTrace | undefined;

  constructor(session: TappedSession, options: SessionTraceOptions) {
    this.#session = session;
    this.#options = options;
    this.#client = this.#trace("client", session.clientConnection);
    const { startedMs } = session;
    if (startedMs >= options.sinceMs) this.#client.open("peer", startedMs, startedMs);
  }

  connected(header: Uint8Array | undefined, nowMs: number): void {
    const target = this.#targetTrace();
    if (target === undefined) return;
    target.open("proxy", nowMs - (this.#session.connectMs ?? 0), nowMs);
    if (header !== undefined) target.data("proxy", header, nowMs);
  }

  read(flow: Flow, bytes: Uint8Array, nowMs: number): void {
    this.#side(flow.sender)?.data("peer", bytes, nowMs);
  }

  readEnd(flow: Flow, nowMs: number): void {
    this.#side(flow.sender)?.finish("peer", nowMs);
  }

  wrote(flow: Flow, bytes: Uint8Array, nowMs: number): void {
    this.#side(flow.receiver)?.data("proxy", bytes, nowMs);
  }

  wroteEnd(flow: Flow, nowMs: number): void {
    this.#side(flow.receiver)?.finish("proxy", nowMs);
  }

  failed(side: Side, error: unknown, nowMs: number): void {
    // After any other loss (a timeout) nothing came from that side.
    if (errorCode(error) === "ECONNRESET") this.#side(side)?.reset("peer", nowMs);
  }

  ended(nowMs: number): void {
    const { reason = "error", detail, clientConnection, targetConnection } = this.#session;
    const comment = `session ended: ${reason}${detail === "" ? "" : ` (${detail})`}`;
    this.#target?.close(nowMs, { comment, byReset: targetConnection?.endsByReset ?? false });
    this.#client.close(nowMs, { comment, byReset: clientConnection.endsByReset });
  }

  #side(side: Side): TcpTrace | undefined {
    return side === "client" ? this.#client : this.#targetTrace();
  }

  #targetTrace(): TcpTrace | undefined {
    const { targetConnection } = this.#session;
    if (this.#target === undefined && targetConnection !== undefined) {
      this.#target = this.#trace("target", targetConnection);
    }
    return this.#target;
  }

  #trace(side: Side, connection: TappedConnection): TcpTrace {
    const { admits, emit } = this.#options;
    const { id } = this.#session;
    return new TcpTrace({
      peer: endOf(connection.peer, side === "client" ? "client" : "target", id),
      proxy: endOf(connection.local, side === "client" ? "listener" : "dialer", id),
      session: side === "client" ? id : ~id,
      comment: describe(this.#session, side, connection),
      admits: (payloadBytes) => admits(side, payloadBytes),
      emit: (packet) => emit({ ...packet, side }),
    });
  }
}

function describe(
  { id, app, sni, client, target }: TappedSession,
  side: Side,
  connection: TappedConnection,
): string {
  const parts = [`app ${app.name}`, `session ${id}`];
  if (sni !== undefined) parts.push(`server name ${sni}`);
  const { peer, local, isTls } = connection;
  if (side === "target") {
    if (target !== undefined) parts.push(`target ${target.label}`);
  } else if (formatAddress(client) !== formatAddress(peer)) {
    parts.push(`PROXY header: client ${formatAddress(client)}`);
  }
  if (isTls) parts.push("TLS, shown decrypted");
  const path = [peer, local].find((address) => address.kind === "unix" && address.path !== "");
  if (peer.kind === "unix") parts.push(`unix socket${path?.kind === "unix" ? ` ${path.path}` : ""}`);
  return parts.join(", ");
}

/** Part in a connection that stands for the end of a unix socket. */
type Part = "client" | "listener" | "dialer" | "target";

/** Addresses for documentation (RFC 5737): no packet of the network has them. */
const UNIX_HOSTS: Readonly<Record<Part, number>> = { client: 1, listener: 2, dialer: 3, target: 4 };

/** The end of a unix socket that is bound to a path; the other end has a port of its own for each session. */
const BOUND_PORT = 1;

const FIRST_PORT = 1024;

/** Returns an address as IP and port; a unix socket has one of 192.0.2.0/24. */
function endOf(address: Address, part: Part, session: number): TcpEnd {
  const ip = address.kind === "tcp" ? parseIp(address.host.replace(/%.*$/, "")) : undefined;
  if (address.kind === "tcp" && ip !== undefined) return { ip, port: address.port };
  const isBound = part === "listener" || part === "target";
  return {
    ip: Uint8Array.of(192, 0, 2, UNIX_HOSTS[part]),
    port: isBound ? BOUND_PORT : FIRST_PORT + session % (65_536 - FIRST_PORT),
  };
}
