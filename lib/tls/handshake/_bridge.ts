import type { Duplex as NodeDuplex } from "node:stream";
import { type Duplex, joinBytes, type KeepaliveTimes } from "../../base/mod.ts";
import { ALERT_RECORD } from "./alerts.ts";
import type { RuntimeTls } from "../_runtime_tls.ts";

/** Receives the events of the connection beneath TLS. */
export interface BridgeOwner {
  /** Bytes read have been passed to TLS. */
  fed(): void;
  /** The peer's FIN. */
  ended(): void;
  /** A read failed; no more data follows. */
  failed(error: unknown): void;
  /** The runtime's TLS threw at the received data; no more data follows. */
  choked(error: unknown): void;
  /** A write failed; nothing more is sent. Data that the peer sent earlier may still arrive. */
  unwritable(error: unknown): void;
  /** The kernel has everything that TLS wrote. */
  drained(): void;
}

/** Read sizes: small while the peer pauses, several TLS records (16 KiB each at most) while it does not. */
const BUFFER_BYTES = [2 * 1024, 16 * 1024, 64 * 1024] as const;

/** How many of the peer's first bytes to keep, for messages. */
const OPENING_BYTES = 16;

/**
 * The connection beneath TLS, as the stream that the runtime's TLS expects.
 *
 * The runtime's TLS has no back-pressure on such a stream: it takes whatever comes, and reports a write as finished
 * before a byte of it is sent. So nothing flows by itself here: {@link Bridge.pull} makes one read, and {@link
 * Bridge.unsentBytes} tells writers when to continue.
 *
 * Never closes the connection unless told to: its holder owns it.
 */
export class Bridge {
  /** The stream for the runtime's TLS. */
  readonly stream: NodeDuplex;
  owner: BridgeOwner;
  /** The first bytes that the peer sent. */
  opening: Uint8Array = new Uint8Array(0);
  /** Whether TLS has sent anything. */
  hasWritten = false;
  /** An alert that is the first output of TLS, held back because a failed handshake may have a better one. */
  alert: Uint8Array | undefined;
  /** Bytes that TLS has written and the kernel has not taken yet. */
  unsentBytes = 0;

  readonly #raw: Duplex;
  readonly #unsent: Uint8Array[] = [];
  #level = 0;
  #buffer: Uint8Array = new Uint8Array(BUFFER_BYTES[0]);
  #reading = false;
  #ended = false;
  #unwritable = false;
  #detached = false;
  #muted = false;
  /** Bytes held back from TLS; `undefined` when they pass straight through. */
  #held: Uint8Array | undefined;

  constructor(raw: Duplex, owner: BridgeOwner, runtime: RuntimeTls) {
    this.#raw = raw;
    this.owner = owner;
    this.stream = new runtime.stream.Duplex({
      // TLS inherits this, so that a peer that has finished can still be written to.
      allowHalfOpen: true,
      // Only pull() reads.
      read: () => undefined,
      write: (chunk: Uint8Array, _encoding, done) => {
        this.#fromTls(chunk);
        done();
      },
    });
    this.#catchFinalAlert();
    // TLS reports stream errors itself too; without a listener the event would end the process.
    this.stream.on("error", this.#streamFailed);
  }

  /** On failure the runtime destroys the stream and only then writes the alert, which a stream would drop. */
  #catchFinalAlert(): void {
    const { stream } = this;
    const write = stream.write;
    const writeOrSend = (...args: Parameters<typeof write>): boolean => {
      if (!stream.destroyed) return write.apply(stream, args);
      this.#fromTls(args[0]);
      return true;
    };
    Object.assign(stream, { write: writeOrSend });
  }

  #fromTls(chunk: Uint8Array): void {
    if (this.#muted) return;
    if (!this.hasWritten && chunk[0] === ALERT_RECORD) this.alert = chunk;
    else this.send(chunk);
  }

  /** Discards everything that TLS writes from here on. */
  mute(): void {
    this.#muted = true;
  }

  /** Makes one read for TLS, unless one is pending. */
  pull(): void {
    if (this.#reading || this.#ended || this.#detached) return;
    this.#reading = true;
    this.#raw.read(this.#buffer).then(this.#received, this.#failed);
  }

  /** Holds back received bytes until {@link Bridge.release}. */
  hold(): void {
    this.#held = new Uint8Array(0);
  }

  /** The bytes held back. */
  get held(): Uint8Array {
    return this.#held ?? new Uint8Array(0);
  }

  /** Passes the held bytes to TLS, and later ones straight through. */
  release(): void {
    const held = this.held;
    this.#held = undefined;
    if (held.length > 0) this.#push(held);
  }

  /** Passes received bytes to TLS. The caller may reuse the buffer afterwards. */
  feed(bytes: Uint8Array): void {
    if (this.opening.length < OPENING_BYTES) {
      this.opening = joinBytes(this.opening, bytes.subarray(0, OPENING_BYTES - this.opening.length));
    }
    if (this.#held === undefined) this.#push(bytes);
    else this.#held = joinBytes(this.#held, bytes);
  }

  /** The runtime throws at some bytes (such as an invalid certificate); uncaught, the error would be lost. */
  #push(bytes: Uint8Array): void {
    try {
      this.stream.push(bytes);
    } catch (error) {
      this.#afterThis(() => this.owner.choked(error));
    }
  }

  /** Sends bytes to the peer, in order. */
  send(bytes: Uint8Array): void {
    if (this.#detached || this.#unwritable) return;
    this.hasWritten = true;
    this.unsentBytes += bytes.length;
    this.#unsent.push(bytes);
    if (this.#unsent.length === 1) this.#write(bytes);
  }

  /** Half-closes the connection. */
  closeWrite(): Promise<void> {
    return this.#raw.closeWrite();
  }

  /** Like {@link Duplex.setNoDelay}. */
  setNoDelay(on: boolean): void {
    this.#raw.setNoDelay?.(on);
  }

  /** Like {@link Duplex.setKeepAlive}. */
  setKeepAlive(how: boolean | KeepaliveTimes): void {
    this.#raw.setKeepAlive?.(how);
  }

  /** Closes the connection beneath. */
  close(): void {
    this.detach();
    this.#raw.close();
  }

  /** Stops reading, sending and reporting to the owner. */
  detach(): void {
    this.#detached = true;
    this.#dropUnsent();
  }

  #dropUnsent(): void {
    this.#unsent.length = 0;
    this.unsentBytes = 0;
  }

  readonly #received = (count: number | null): void => {
    this.#reading = false;
    if (this.#detached) return;
    if (count === null) {
      this.#ended = true;
      this.#afterThis(() => this.owner.ended());
      return;
    }
    const buffer = this.#buffer;
    this.feed(count === buffer.length ? buffer : buffer.subarray(0, count));
    this.#fitBuffer(count);
    this.owner.fed();
  };

  /** TLS copies what it takes at once, so the buffer is free again. */
  #fitBuffer(count: number): void {
    const size = this.#buffer.length;
    const level = count === size
      ? Math.min(this.#level + 1, BUFFER_BYTES.length - 1)
      : count < size / 4
      ? 0
      : this.#level;
    if (level === this.#level && this.stream.readableLength === 0) return;
    this.#level = level;
    this.#buffer = new Uint8Array(BUFFER_BYTES[level] ?? BUFFER_BYTES[0]);
  }

  #write(bytes: Uint8Array): void {
    this.#raw.write(bytes).then(this.#wrote, this.#writeFailed);
  }

  readonly #wrote = (count: number): void => {
    const first = this.#unsent[0];
    if (this.#detached || first === undefined) return;
    this.unsentBytes -= count;
    if (count < first.length) this.#unsent[0] = first.subarray(count);
    else this.#unsent.shift();
    const next = this.#unsent[0];
    if (next === undefined) this.owner.drained();
    else this.#write(next);
  };

  readonly #writeFailed = (error: unknown): void => {
    if (this.#detached) return;
    this.#unwritable = true;
    this.#afterThis(() => {
      // Only now: a writer waiting for the last bytes must first learn that they were not sent.
      this.owner.unwritable(error);
      this.#dropUnsent();
    });
  };

  readonly #failed = (error: unknown): void => {
    this.#reading = false;
    this.#afterThis(() => {
      this.detach();
      this.owner.failed(error);
    });
  };

  /** TLS reports the content of received bytes by events, some later in the same turn of the event loop. */
  #afterThis(go: () => void): void {
    setImmediate(() => {
      if (!this.#detached) go();
    });
  }

  readonly #streamFailed = (error: unknown): void => {
    this.#failed(error);
  };
}
