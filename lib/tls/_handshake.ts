import type { Duplex as NodeDuplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { type Duplex, errorMessage } from "../base/mod.ts";
import { Bridge, type BridgeOwner } from "./_bridge.ts";
import type { TlsEngine } from "./_engine.ts";
import { alertFor, describeFailure } from "./_failure.ts";
import { TlsConn } from "./conn.ts";
import { TlsError, type TlsSide } from "./error.ts";

/** A handshake that lasts longer is given up even where no limit is set: no wait is without one. */
export const MAX_HANDSHAKE_MS = 600_000;

export interface HandshakeOptions {
  readonly side: TlsSide;
  readonly engine: TlsEngine;
  /** At most {@link MAX_HANDSHAKE_MS}. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Bytes of the peer that were read before. */
  readonly lead?: Uint8Array;
  /**
   * Begins, on the stream; calls `done` when the runtime has finished and is content. What it throws, and what the peer's
   * certificate deserves, fails the handshake.
   */
  begin(stream: NodeDuplex, events: HandshakeEvents): void;
}

/** How a side says how it went. The first call counts. */
export interface HandshakeEvents {
  done(socket: TLSSocket): void;
  refused(error: unknown): void;
}

/** What both peers have agreed on. */
export interface HandshakeResult {
  readonly conn: TlsConn;
  readonly socket: TLSSocket;
}

/**
 * One handshake, within its time. Resolves with a connection that owns `raw`; when it rejects, `raw` is its caller's
 * still, to be closed.
 *
 * @throws {TlsError}; an abort's reason is that of the signal.
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
  #timer: ReturnType<typeof setTimeout> | undefined;
  #settled = false;

  constructor(raw: Duplex, options: HandshakeOptions, settle: Settle) {
    this.#options = options;
    this.#settle = settle;
    this.#bridge = new Bridge(raw, this, options.engine);
  }

  begin(): void {
    const { signal, timeoutMs, lead } = this.#options;
    if (signal.aborted) return this.#fail(signal.reason);
    signal.addEventListener("abort", this.#aborted);
    this.#timer = setTimeout(this.#late, Math.min(timeoutMs, MAX_HANDSHAKE_MS));
    try {
      this.#options.begin(this.#bridge.stream, this);
    } catch (error) {
      return this.refused(error);
    }
    if (lead !== undefined && lead.length > 0) this.#bridge.feed(lead.slice());
    this.#bridge.pull();
  }

  done(socket: TLSSocket): void {
    if (this.#settled) return;
    this.#cleanUp();
    // At once: what came with the end of the handshake is emitted next.
    const conn = new TlsConn(socket, this.#bridge, this.#options.side);
    this.#settle.resolve({ conn, socket });
  }

  refused(error: unknown): void {
    if (this.#settled) return;
    const { side } = this.#options;
    const failure = error instanceof TlsError ? error : describeFailure(error, this.#bridge.opening, side);
    const alert = side === "client" && !this.#bridge.hasWritten ? alertFor(failure) : undefined;
    if (alert !== undefined) this.#bridge.send(alert);
    this.#fail(failure);
  }

  failed(error: unknown): void {
    const what = `it broke the connection (${errorMessage(error)}), a handshake was wanted`;
    this.#fail(new TlsError(what, { code: "HUNG_UP", side: this.#options.side, cause: error }));
  }

  fed(): void {
    if (!this.#settled) this.#bridge.pull();
  }

  ended(): void {
    this.#fail(this.#error("HUNG_UP", "it hung up during the handshake, a connection was wanted"));
  }

  drained(): void {
    // Nobody waits for it during a handshake.
  }

  readonly #aborted = (): void => {
    this.#fail(this.#options.signal.reason);
  };

  readonly #late = (): void => {
    const ms = Math.min(this.#options.timeoutMs, MAX_HANDSHAKE_MS);
    this.#fail(
      this.#error("HANDSHAKE_TIMEOUT", `the handshake has not ended, an end within ${ms} ms was wanted`),
    );
  };

  #error(code: "HUNG_UP" | "HANDSHAKE_TIMEOUT", what: string): TlsError {
    return new TlsError(what, { code, side: this.#options.side });
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
