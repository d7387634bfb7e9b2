import type { Duplex as NodeDuplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { type Duplex, errorMessage } from "../../base/mod.ts";
import { ClientHelloParser } from "../../protocol/mod.ts";
import { Bridge, type BridgeOwner } from "./_bridge.ts";
import type { RuntimeTls } from "../_runtime_tls.ts";
import { alertFor, certificateAlert } from "./alerts.ts";
import { handshakeError } from "./_handshake_error.ts";
import { TlsConn } from "./conn.ts";
import { TlsError, type TlsSide } from "../error.ts";

/** The limit of any handshake: no wait is unbounded. */
export const MAX_HANDSHAKE_MS = 600_000;

export interface HandshakeOptions {
  readonly side: TlsSide;
  readonly runtime: RuntimeTls;
  /** At most {@link MAX_HANDSHAKE_MS}. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Bytes read from the peer before the handshake. */
  readonly lead?: Uint8Array;
  /** Called with the server name of the ClientHello as soon as it has been read. */
  readonly onHello?: ((serverName: string | undefined) => void) | undefined;
  /**
   * Starts TLS on the stream; calls `done` when the runtime has finished and accepts the peer. An exception fails the
   * handshake.
   *
   * @param serverName the name in the ClientHello, if there is one.
   */
  begin(stream: NodeDuplex, events: HandshakeEvents, serverName: string | undefined): void;
}

/** The outcome of a handshake. The first call counts. */
export interface HandshakeEvents {
  done(socket: TLSSocket): void;
  /** The runtime, or our own check before it, has refused the handshake. */
  refused(error: unknown): void;
  /** The runtime accepts the handshake, and our check of the peer's certificate refuses it. */
  rejected(error: unknown, socket: TLSSocket): void;
}

/** A finished handshake. */
export interface HandshakeResult {
  readonly conn: TlsConn;
  readonly socket: TLSSocket;
  readonly serverName: string | undefined;
}

/**
 * Performs one handshake within its time limit. On success the returned connection owns `raw`; on failure the caller
 * must close it.
 *
 * @throws {TlsError} an abort rejects with the signal's reason.
 */
export function shakeHands(raw: Duplex, options: HandshakeOptions): Promise<HandshakeResult> {
  return new Promise((resolve, reject) => new Handshake(raw, options, { resolve, reject }).begin());
}

interface Settle {
  resolve(result: HandshakeResult): void;
  reject(error: unknown): void;
}

class Handshake implements BridgeOwner, HandshakeEvents {
  readonly #options: HandshakeOptions;
  readonly #settle: Settle;
  readonly #bridge: Bridge;
  /** Reads the ClientHello before the runtime sees it: its server name chooses the certificate. */
  readonly #hello: ClientHelloParser | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #serverName: string | undefined;
  #isStarted = false;
  #isRefused = false;
  #settled = false;

  constructor(raw: Duplex, options: HandshakeOptions, settle: Settle) {
    this.#options = options;
    this.#settle = settle;
    this.#bridge = new Bridge(raw, this, options.runtime);
    this.#hello = options.side === "client" ? new ClientHelloParser() : undefined;
  }

  begin(): void {
    const { signal, timeoutMs, lead } = this.#options;
    if (signal.aborted) return this.#fail(signal.reason);
    signal.addEventListener("abort", this.#aborted);
    this.#timer = setTimeout(this.#late, Math.min(timeoutMs, MAX_HANDSHAKE_MS));
    this.#bridge.hold();
    if (lead !== undefined) this.#bridge.feed(lead);
    if (this.#hello === undefined) this.#start();
    else this.#readHello(this.#hello);
  }

  #readHello(reader: ClientHelloParser): void {
    const verdict = reader.parse(this.#bridge.held);
    if (verdict.kind === "need_more") return this.#bridge.pull();
    if (verdict.kind === "hello") {
      this.#serverName = verdict.sni;
      this.#options.onHello?.(verdict.sni);
      return this.#start();
    }
    this.refused(
      new Error(verdict.kind === "bad" ? verdict.problem : "the ClientHello is too long"),
    );
  }

  #start(): void {
    this.#isStarted = true;
    try {
      this.#options.begin(this.#bridge.stream, this, this.#serverName);
    } catch (error) {
      return this.refused(error);
    }
    // The runtime's TLS starts over several ticks; bytes that fail it before then would end the process.
    setImmediate(() => {
      if (this.#settled) return;
      this.#bridge.release();
      this.#bridge.pull();
    });
  }

  done(socket: TLSSocket): void {
    if (this.#settled) return void socket.destroy();
    this.#cleanUp();
    // At once: data that came with the end of the handshake is emitted next.
    const conn = new TlsConn(socket, this.#bridge, this.#options.side);
    this.#settle.resolve({ conn, socket, serverName: this.#serverName });
  }

  refused(error: unknown): void {
    if (this.#settled || this.#isRefused) return;
    this.#isRefused = true;
    const { side } = this.#options;
    const failure = error instanceof TlsError ? error : handshakeError(error, this.#bridge.opening, side);
    // The runtime emits its alert in the same turn of the event loop.
    setImmediate(() => {
      const alert = side === "client" && !this.#bridge.hasWritten
        ? alertFor(failure, this.#bridge.alert)
        : undefined;
      if (alert !== undefined) this.#bridge.send(alert);
      this.#fail(failure);
    });
  }

  rejected(error: unknown, socket: TLSSocket): void {
    if (this.#settled || this.#isRefused) return;
    // The runtime's pending bytes would complete the handshake and give the peer a session ticket.
    this.#bridge.mute();
    const { side } = this.#options;
    const failure = error instanceof TlsError ? error : handshakeError(error, this.#bridge.opening, side);
    if (side === "client" && isInTheClear(socket)) this.#bridge.send(certificateAlert(failure));
    this.#fail(failure);
  }

  failed(error: unknown): void {
    if (this.#isRefused) return;
    const what = `connection lost during the handshake (${errorMessage(error)})`;
    this.#fail(this.#hungUp(what, error));
  }

  choked(error: unknown): void {
    this.refused(error);
  }

  unwritable(error: unknown): void {
    this.failed(error);
  }

  fed(): void {
    if (this.#settled || this.#isRefused) return;
    if (this.#isStarted || this.#hello === undefined) this.#bridge.pull();
    else this.#readHello(this.#hello);
  }

  ended(): void {
    if (this.#isRefused) return;
    this.#fail(this.#hungUp("connection closed during the handshake"));
  }

  drained(): void {
    // Nothing waits for it during a handshake.
  }

  readonly #aborted = (): void => {
    this.#fail(this.#options.signal.reason);
  };

  readonly #late = (): void => {
    const { side, timeoutMs } = this.#options;
    const ms = Math.min(timeoutMs, MAX_HANDSHAKE_MS);
    const what = `handshake not finished within ${ms} ms`;
    this.#fail(new TlsError(what, { code: "HANDSHAKE_TIMEOUT", side }));
  };

  #hungUp(what: string, cause?: unknown): TlsError {
    const isSilent = this.#bridge.opening.length === 0;
    return new TlsError(what, { code: "HUNG_UP", side: this.#options.side, cause, isSilent });
  }

  #cleanUp(): void {
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#options.signal.removeEventListener("abort", this.#aborted);
  }

  #fail(error: unknown): void {
    if (this.#settled) return;
    this.#cleanUp();
    this.#bridge.detach();
    this.#bridge.stream.destroy();
    this.#settle.reject(error);
  }
}

/**
 * Whether a server that has the client's whole flight may still send an alert in the clear: in TLS 1.2, before it has
 * turned encryption on. In TLS 1.3 the keys are in use by then, and the runtime offers no way to send an alert.
 */
function isInTheClear(socket: TLSSocket): boolean {
  const { getProtocol, isSessionReused } = socket as Partial<TLSSocket>;
  return getProtocol?.call(socket) === "TLSv1.2" && isSessionReused?.call(socket) === false;
}
