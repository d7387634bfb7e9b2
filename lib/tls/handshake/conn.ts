import type { TLSSocket } from "node:tls";
import { type Duplex, errorCode, type KeepaliveTimes } from "../../base/mod.ts";
import type { Bridge, BridgeOwner } from "./_bridge.ts";
import { handshakeError } from "./_handshake_error.ts";
import type { TlsSide } from "../error.ts";

/**
 * Bytes given to TLS at once: three records. The runtime's TLS encrypts at most 64 KiB in one go and cannot be asked
 * for the rest.
 */
const MAX_WRITE_BYTES = 48 * 1024;

interface PendingRead {
  readonly buffer: Uint8Array;
  resolve(count: number | null): void;
  reject(error: unknown): void;
}

interface PendingWrite {
  readonly count: number;
  /** Whether TLS has taken the bytes; then only the kernel has to. */
  encrypted: boolean;
  resolve(count: number): void;
  reject(error: unknown): void;
}

/**
 * A TLS connection after its handshake. Its holder owns it and the connection beneath it.
 *
 * A read pulls from the peer only when nothing is buffered, and a write resolves when the kernel has the encrypted
 * bytes: at most one read of each kind is held.
 *
 * Each direction ends with close_notify (RFC 8446 section 6.1): {@link TlsConn.closeWrite} sends it, then FIN, and
 * reading goes on; the peer's makes reads return `null`, and writing goes on. A FIN without close_notify returns
 * `null` too and sets {@link TlsConn.truncated}: many peers never send one, HAProxy and nginx are as lenient, and
 * protocols that care mark their own end. For those that do not, {@link TlsConn.withholdEnd} suppresses our
 * close_notify, so that a truncated stream is not passed on as complete.
 */
export class TlsConn implements Duplex, BridgeOwner {
  /** Whether the peer ended without close_notify, so that its last bytes may be missing. */
  truncated = false;
  readonly isTls = true;

  readonly #socket: TLSSocket;
  readonly #bridge: Bridge;
  readonly #side: TlsSide;
  /** Decrypted bytes not read yet. */
  readonly #chunks: Uint8Array[] = [];
  #inEnded = false;
  #outEnded = false;
  #isEndWithheld = false;
  #receiver: Duplex | undefined;
  #closed = false;
  #failure: unknown;
  #writeFailure: unknown;
  #read: PendingRead | undefined;
  #write: PendingWrite | undefined;
  #flush: (() => void) | undefined;

  /** For this folder only. Must run right after the handshake, before the socket emits anything more. */
  constructor(socket: TLSSocket, bridge: Bridge, side: TlsSide) {
    this.#socket = socket;
    this.#bridge = bridge;
    this.#side = side;
    bridge.owner = this;
    socket.on("error", this.#socketFailed);
    socket.on("data", this.#decrypted);
    socket.on("end", this.#notified);
  }

  read(buffer: Uint8Array): Promise<number | null> {
    if (this.#chunks.length > 0) return Promise.resolve(this.#take(buffer));
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#inEnded) return Promise.resolve(null);
    if (this.#read !== undefined) {
      return Promise.reject(new TypeError("read: another read is pending"));
    }
    return new Promise((resolve, reject) => {
      this.#read = { buffer, resolve, reject };
      this.#bridge.pull();
    });
  }

  write(bytes: Uint8Array): Promise<number> {
    const failure = this.#failure ?? this.#writeFailure;
    if (failure !== undefined) return Promise.reject(failure);
    if (this.#outEnded) {
      return Promise.reject(new Deno.errors.BrokenPipe("write: the sending side is closed"));
    }
    if (this.#write !== undefined) {
      return Promise.reject(new TypeError("write: another write is pending"));
    }
    if (bytes.length === 0) return Promise.resolve(0);
    const chunk = bytes.length > MAX_WRITE_BYTES ? bytes.subarray(0, MAX_WRITE_BYTES) : bytes;
    return new Promise((resolve, reject) => {
      this.#write = { count: chunk.length, encrypted: false, resolve, reject };
      this.#socket.write(chunk, this.#encrypted);
    });
  }

  async closeWrite(): Promise<void> {
    if (this.#outEnded || (this.#failure ?? this.#writeFailure) !== undefined) return;
    this.#outEnded = true;
    if (!this.#isEndWithheld) await this.#sendCloseNotify();
    while (this.#bridge.unsentBytes > 0) await new Promise<void>((resolve) => this.#flush = resolve);
    const failure = this.#failure ?? this.#writeFailure;
    if (failure !== undefined) throw failure;
    await this.#bridge.closeWrite();
  }

  setNoDelay(on = true): void {
    this.#bridge.setNoDelay(on);
  }

  setKeepAlive(how: boolean | KeepaliveTimes = true): void {
    this.#bridge.setKeepAlive(how);
  }

  withholdEnd(): void {
    this.#isEndWithheld = true;
  }

  passEndTo(receiver: Duplex): void {
    this.#receiver = receiver;
    if (this.truncated) receiver.withholdEnd?.();
  }

  /**
   * Rejects pending calls, sends close_notify (unless sent, withheld, or the connection has failed) and frees
   * everything; the connection beneath closes one turn of the event loop later. Idempotent.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#chunks.length = 0;
    const isOwed = !this.#outEnded && !this.#isEndWithheld &&
      (this.#failure ?? this.#writeFailure) === undefined;
    this.#outEnded = true;
    this.#fail(new Deno.errors.Interrupted("the connection was closed"));
    // The kernel takes these few bytes at once, unless the peer has stopped reading.
    if (isOwed) void this.#sendCloseNotify().then(this.#free);
    else this.#free();
  }

  /**
   * The runtime's TLS emits the alert only after the socket has finished writing, in the same turn of the event loop.
   */
  #sendCloseNotify(): Promise<void> {
    this.#socket.end();
    return new Promise((resolve) => void setImmediate(resolve));
  }

  readonly #free = (): void => {
    try {
      this.#bridge.close();
    } catch (error) {
      // The dialer or acceptor may have closed it already.
      if (errorCode(error) !== "EBADF") throw error;
    } finally {
      this.#socket.destroy();
    }
  };

  fed(): void {
    if (this.#read !== undefined) this.#bridge.pull();
  }

  ended(): void {
    if (this.#inEnded) return;
    this.truncated = true;
    this.#receiver?.withholdEnd?.();
    this.#notified();
  }

  failed(error: unknown): void {
    this.#fail(error);
  }

  choked(error: unknown): void {
    this.#fail(handshakeError(error, this.#bridge.opening, this.#side));
  }

  /** Reading goes on: the kernel delivers what the peer sent before it was gone, and then the error. */
  unwritable(error: unknown): void {
    this.#writeFailure ??= error;
    this.#rejectWrite(error);
  }

  drained(): void {
    this.#settleWrite();
    this.#settleFlush();
  }

  readonly #decrypted = (chunk: Uint8Array): void => {
    if (this.#closed) return;
    this.#chunks.push(chunk);
    const read = this.#read;
    if (read === undefined) return;
    this.#read = undefined;
    read.resolve(this.#take(read.buffer));
  };

  #take(buffer: Uint8Array): number {
    const chunk = this.#chunks[0];
    if (chunk === undefined) return 0;
    if (chunk.length <= buffer.length) {
      buffer.set(chunk);
      this.#chunks.shift();
      return chunk.length;
    }
    buffer.set(chunk.subarray(0, buffer.length));
    this.#chunks[0] = chunk.subarray(buffer.length);
    return buffer.length;
  }

  readonly #notified = (): void => {
    this.#inEnded = true;
    this.#read?.resolve(null);
    this.#read = undefined;
  };

  readonly #encrypted = (error: Error | null | undefined): void => {
    if (error) return this.#socketFailed(error);
    if (this.#write !== undefined) this.#write.encrypted = true;
    this.#settleWrite();
  };

  #settleWrite(): void {
    const write = this.#write;
    if (write === undefined || !write.encrypted || this.#bridge.unsentBytes > 0) return;
    this.#write = undefined;
    write.resolve(write.count);
  }

  #settleFlush(): void {
    const flush = this.#flush;
    this.#flush = undefined;
    flush?.();
  }

  readonly #socketFailed = (error: Error): void => {
    if (this.#failure === undefined) this.#fail(handshakeError(error, this.#bridge.opening, this.#side));
  };

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#read?.reject(this.#failure);
    this.#read = undefined;
    this.#rejectWrite(this.#failure);
  }

  #rejectWrite(error: unknown): void {
    this.#write?.reject(error);
    this.#write = undefined;
    this.#settleFlush();
  }
}
