import {
  type Duplex,
  type Pipe,
  type PipePool,
  type Pollable,
  type ReadyHandler,
  WOULD_BLOCK,
} from "../../../lib/base/mod.ts";

/** How a {@link memoryPipe} behaves; what is left out behaves well. */
export interface MemoryPipeOptions {
  /** Bytes in flight before a write waits; default no limit. */
  readonly capacity?: number;
  /** The most bytes that one write takes, asked for each; default all that there is room for. */
  readonly writeLimit?: () => number;
  /** How many microtask turns an operation takes, asked for each; default none. */
  readonly turns?: () => number;
  /** The pipes that both connections of a relay share; default none. */
  readonly pipes?: MemoryPipes;
}

/** A pipe in memory. */
class MemoryPipe implements Pipe {
  content = new Uint8Array();

  get bytes(): number {
    return this.content.length;
  }
}

/** Pipes that know how many of them are out. */
export class MemoryPipes implements PipePool {
  out = 0;
  /** Bytes that have gone through. */
  passed = 0;

  take(): MemoryPipe {
    this.out++;
    return new MemoryPipe();
  }

  release(): void {
    this.out--;
  }
}

/** What a pipe takes at once. */
const PIPE_BYTES = 1000;

/** Bytes on their way from one end to the other. */
class Lane {
  readonly #pieces: Uint8Array[] = [];
  readonly #options: MemoryPipeOptions;
  #size = 0;
  #finished = false;
  #error: Error | undefined;
  #changed = Promise.withResolvers<void>();
  /** Called, in a task of its own, after each change. */
  readonly #listeners: (() => void)[] = [];

  constructor(options: MemoryPipeOptions) {
    this.#options = options;
  }

  /** Whether a read has something to give, the end and an error included. */
  get isReadable(): boolean {
    return this.#pieces.length > 0 || this.isEnding;
  }

  get isEnding(): boolean {
    return this.#finished || this.#error !== undefined;
  }

  get error(): Error | undefined {
    return this.#error;
  }

  listen(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async read(buffer: Uint8Array, ticket?: ReadTicket): Promise<number | null> {
    await this.#turns();
    for (;;) {
      if (ticket?.isWithdrawn) return await new Promise<never>(() => {});
      const count = this.receive(buffer);
      if (count !== WOULD_BLOCK) return count === 0 ? null : count;
      await this.#changed.promise;
    }
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.#turns();
    for (;;) {
      const count = this.send(bytes);
      if (count !== WOULD_BLOCK) return count;
      await this.#changed.promise;
    }
  }

  /** As {@link Pollable.receive}. */
  receive(buffer: Uint8Array): number {
    const piece = this.#pieces.shift();
    if (piece === undefined) {
      if (this.#error !== undefined) throw this.#error;
      return this.#finished ? 0 : WOULD_BLOCK;
    }
    const count = Math.min(piece.length, buffer.length);
    buffer.set(piece.subarray(0, count));
    if (count < piece.length) this.#pieces.unshift(piece.subarray(count));
    this.#size -= count;
    this.#wake();
    return count;
  }

  /** As {@link Pollable.send}. */
  send(bytes: Uint8Array): number {
    if (this.#error !== undefined) throw this.#error;
    if (this.#finished) throw new Deno.errors.BrokenPipe("the write side is closed");
    const { capacity = Infinity, writeLimit } = this.#options;
    const count = Math.min(bytes.length, capacity - this.#size, writeLimit?.() ?? Infinity);
    if (count <= 0) return WOULD_BLOCK;
    this.#pieces.push(bytes.slice(0, count));
    this.#size += count;
    this.#wake();
    return count;
  }

  finish(): void {
    this.#finished = true;
    this.#wake();
  }

  fail(error: Error): void {
    this.#error ??= error;
    this.#wake();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
    for (const listener of this.#listeners) queueMicrotask(listener);
  }

  async #turns(): Promise<void> {
    for (let left = this.#options.turns?.() ?? 0; left > 0; left--) await Promise.resolve();
  }
}

/** A read that can be taken back. */
interface ReadTicket {
  isWithdrawn: boolean;
}

/** One end of a connection in memory, which counts what is done to it. */
export class MemoryDuplex implements Duplex {
  /** Length of the buffer of each read, in order. */
  readonly readSizes: number[] = [];
  /** Bytes that reads have given. */
  bytesRead = 0;
  /** Operations that have neither resolved nor rejected. */
  pending = 0;
  closes = 0;
  writeCloses = 0;
  readonly #incoming: Lane;
  readonly #outgoing: Lane;
  readonly #closed = Promise.withResolvers<never>();
  #ticket: ReadTicket | undefined;
  #polled: PolledEnd | undefined;

  readonly pipes: MemoryPipes | undefined;

  constructor(incoming: Lane, outgoing: Lane, pipes?: MemoryPipes) {
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    this.pipes = pipes;
    this.#closed.promise.catch(() => {});
  }

  get pollable(): Pollable {
    return this.#polled ??= new PolledEnd(this, this.#incoming, this.#outgoing);
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    this.readSizes.push(buffer.length);
    const ticket = this.#ticket = { isWithdrawn: false };
    try {
      const count = await this.#counted(() => this.#incoming.read(buffer, ticket));
      this.bytesRead += count ?? 0;
      return count;
    } finally {
      if (this.#ticket === ticket) this.#ticket = undefined;
    }
  }

  /** Takes back a read that has not ended; returns whether there was one. */
  withdrawRead(): boolean {
    if (this.#ticket === undefined || this.closes > 0 || this.#incoming.isReadable) return false;
    this.#ticket.isWithdrawn = true;
    this.#ticket = undefined;
    this.pending--;
    return true;
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#counted(() => this.#outgoing.write(bytes));
  }

  async closeWrite(): Promise<void> {
    this.writeCloses++;
    await this.#counted(() => Promise.resolve(this.#outgoing.finish()));
  }

  /** Sends FIN, and what is pending here rejects; what was sent before can still be read, as in the runtime. */
  close(): void {
    this.closes++;
    this.#outgoing.finish();
    this.#closed.reject(new Deno.errors.Interrupted("operation canceled"));
    this.#polled?.closed();
  }

  /**
   * Sends RST: both ends fail, once what had come is read. With another error the network has lost the connection.
   */
  reset(error: Error = new Deno.errors.ConnectionReset("connection reset by peer")): void {
    this.#outgoing.fail(error);
    this.#incoming.fail(error);
  }

  /**
   * From here on, writes fail, and reads give what has come and then the end: so the kernel does when a write has been
   * the first to learn of an RST. A `halfDead` connection goes on giving what comes, which no kernel does.
   */
  breakWrites(error: Error, options: { readonly halfDead?: boolean } = {}): void {
    this.#outgoing.fail(error);
    if (!options.halfDead) this.#incoming.finish();
  }

  async #counted<T>(begin: () => Promise<T>): Promise<T> {
    if (this.closes > 0) throw new Deno.errors.BadResource("bad resource id");
    this.pending++;
    try {
      return await Promise.race([begin(), this.#closed.promise]);
    } finally {
      this.pending--;
    }
  }
}

/** An end without promises, which reports changes as the kernel does: each once, some time after. */
class PolledEnd implements Pollable {
  readonly pipes?: MemoryPipes;
  readonly #end: MemoryDuplex;
  readonly #incoming: Lane;
  readonly #outgoing: Lane;
  #handler: ReadyHandler | undefined;

  constructor(end: MemoryDuplex, incoming: Lane, outgoing: Lane) {
    this.#end = end;
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    if (end.pipes !== undefined) this.pipes = end.pipes;
    incoming.listen(() => this.isReadable && this.#handler?.onReadable());
    outgoing.listen(() => {
      this.#handler?.onWritable();
      // A reset is one event for both ways.
      if (outgoing.error !== undefined) this.#handler?.onReadable();
    });
  }

  get isReadable(): boolean {
    return this.#incoming.isReadable;
  }

  get isEnding(): boolean {
    return this.#incoming.isEnding;
  }

  attach(handler: ReadyHandler): void {
    this.#handler = handler;
  }

  withdrawRead(): boolean {
    return this.#end.withdrawRead();
  }

  receive(buffer: Uint8Array<ArrayBuffer>, maxBytes: number): number {
    const count = this.#incoming.receive(buffer.subarray(0, maxBytes));
    if (count > 0) this.#end.bytesRead += count;
    return count;
  }

  send(bytes: Uint8Array<ArrayBuffer>, length: number): number {
    return this.#outgoing.send(bytes.subarray(0, length));
  }

  receiveInto(pipe: MemoryPipe): number {
    const buffer = new Uint8Array(PIPE_BYTES);
    const count = this.receive(buffer, PIPE_BYTES);
    if (count > 0) pipe.content = buffer.slice(0, count);
    return count;
  }

  sendFrom(pipe: MemoryPipe): number {
    const count = this.send(pipe.content, pipe.bytes);
    if (count === WOULD_BLOCK) return count;
    pipe.content = pipe.content.slice(count);
    if (this.pipes !== undefined) this.pipes.passed += count;
    return count;
  }

  finish(): void {
    this.#end.writeCloses++;
    this.#outgoing.finish();
  }

  takeError(): Error | undefined {
    return this.#incoming.error ?? this.#outgoing.error;
  }

  settled(): void {}

  again(): void {
    setTimeout(() => this.#handler?.onReadable(), 0);
  }

  closed(): void {
    const handler = this.#handler;
    this.#handler = undefined;
    handler?.onClosed();
  }
}

/** Two ends of one connection in memory: what is written to one is read from the other. */
export function memoryPipe(options: MemoryPipeOptions = {}): [MemoryDuplex, MemoryDuplex] {
  const forth = new Lane(options);
  const back = new Lane(options);
  const { pipes } = options;
  return [new MemoryDuplex(back, forth, pipes), new MemoryDuplex(forth, back, pipes)];
}
