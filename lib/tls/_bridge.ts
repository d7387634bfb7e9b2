import type { Duplex as NodeDuplex } from "node:stream";
import type { Duplex } from "../base/mod.ts";
import { ALERT_RECORD } from "./_alerts.ts";
import type { TlsEngine } from "./_engine.ts";

/** Who is told what happens to the connection beneath TLS. */
export interface BridgeOwner {
  /** What was read has been given to TLS. */
  fed(): void;
  /** The peer's FIN. */
  ended(): void;
  /** A read failed; nothing more comes. */
  failed(error: unknown): void;
  /** The runtime's TLS choked on what came; nothing more comes. */
  choked(error: unknown): void;
  /** A write failed; nothing more is sent. What the peer had sent before may still come. */
  unwritable(error: unknown): void;
  /** All that TLS has written is with the kernel. */
  drained(): void;
}

/** Bytes of one read: small while the peer pauses, several TLS records (16 KiB each at most) while it does not. */
const BUFFER_BYTES = [2 * 1024, 16 * 1024, 64 * 1024] as const;

/** How much of the peer's first bytes is kept, for messages. */
const OPENING_BYTES = 16;

/**
 * The connection beneath TLS, as the stream that the runtime's TLS wants.
 *
 * That runtime has no back-pressure on such a stream: it takes what comes, and calls a write finished before a byte of
 * it has left. So nothing flows by itself here. One read is made when {@link Bridge.pull} asks, and
 * {@link Bridge.unsentBytes} tells whoever writes when to go on.
 *
 * Closes nothing: the connection is its holder's.
 */
export class Bridge {
  /** What is given to the runtime's TLS. */
  readonly stream: NodeDuplex;
  owner: BridgeOwner;
  /** The first bytes that the peer sent. */
  opening: Uint8Array = new Uint8Array(0);
  /** Whether TLS has sent anything. */
  hasWritten = false;
  /** An alert that is the first that TLS has to say: whoever gives the handshake up may know a better one. */
  alert: Uint8Array | undefined;
  /** Bytes that TLS has written and the kernel has not taken. */
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
  /** What came before TLS is to have it; `undefined` when it gets all at once. */
  #held: Uint8Array | undefined;

  constructor(raw: Duplex, owner: BridgeOwner, engine: TlsEngine) {
    this.#raw = raw;
    this.owner = owner;
    this.stream = new engine.stream.Duplex({
      // TLS takes this over, and with it a peer that has finished can still be written to.
      allowHalfOpen: true,
      // Reading is by pull() alone.
      read: () => undefined,
      write: (chunk: Uint8Array, _encoding, done) => {
        this.#fromTls(chunk);
        done();
      },
    });
    this.#hearLastWords();
    // What TLS has to say of its stream it says of itself too; unheard, the event would end the process.
    this.stream.on("error", this.#streamFailed);
  }

  /** The runtime destroys the stream at a failure, and only then writes the alert for the peer, which a stream would drop. */
  #hearLastWords(): void {
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

  /** From here on nothing is sent that TLS writes. */
  mute(): void {
    this.#muted = true;
  }

  /** Reads once and gives it to TLS, unless that goes on already. */
  pull(): void {
    if (this.#reading || this.#ended || this.#detached) return;
    this.#reading = true;
    this.#raw.read(this.#buffer).then(this.#received, this.#failed);
  }

  /** Keeps what comes, until {@link Bridge.release}. */
  hold(): void {
    this.#held = new Uint8Array(0);
  }

  /** What was kept. */
  get held(): Uint8Array {
    return this.#held ?? new Uint8Array(0);
  }

  /** Gives TLS what was kept, and from now on what comes. */
  release(): void {
    const held = this.held;
    this.#held = undefined;
    if (held.length > 0) this.#push(held);
  }

  /** Takes bytes from the peer for TLS. They may be used after this returns. */
  feed(bytes: Uint8Array): void {
    if (this.opening.length < OPENING_BYTES) {
      this.opening = joined(this.opening, bytes.subarray(0, OPENING_BYTES - this.opening.length));
    }
    if (this.#held === undefined) this.#push(bytes);
    else this.#held = joined(this.#held, bytes);
  }

  /** The runtime throws at some bytes (a certificate that is none), and where nobody catches that, it is nobody's. */
  #push(bytes: Uint8Array): void {
    try {
      this.stream.push(bytes);
    } catch (error) {
      this.#afterThis(() => this.owner.choked(error));
    }
  }

  /** Sends bytes to the peer, after those before. */
  send(bytes: Uint8Array): void {
    if (this.#detached || this.#unwritable) return;
    this.hasWritten = true;
    this.unsentBytes += bytes.length;
    this.#unsent.push(bytes);
    if (this.#unsent.length === 1) this.#write(bytes);
  }

  /** Tells the peer that nothing more comes. */
  closeWrite(): Promise<void> {
    return this.#raw.closeWrite();
  }

  /** As {@link Duplex.setNoDelay}. */
  setNoDelay(on: boolean): void {
    this.#raw.setNoDelay?.(on);
  }

  /** As {@link Duplex.setKeepAlive}. */
  setKeepAlive(on: boolean): void {
    this.#raw.setKeepAlive?.(on);
  }

  /** Closes the connection beneath. */
  close(): void {
    this.detach();
    this.#raw.close();
  }

  /** From here on nothing is read or sent, and the owner hears nothing more. */
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

  /** TLS copies what it takes at once, and then the buffer is free again. */
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
      // Not before: who waits for the last of them is told first that it was not sent.
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

  /** TLS tells what was in the bytes that it was given by events, some of them later in the same turn of the loop. */
  #afterThis(tell: () => void): void {
    setImmediate(() => {
      if (!this.#detached) tell();
    });
  }

  readonly #streamFailed = (error: unknown): void => {
    this.#failed(error);
  };
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
