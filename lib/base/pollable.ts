/** What {@link Pollable.receive} and {@link Pollable.send} return when the call would have to wait. */
export const WOULD_BLOCK = -1;

/** What {@link Pollable.receiveInto} returns where the connection's bytes cannot go through a pipe. */
export const NO_PIPE = -2;

/** A pipe of the kernel: bytes pass through it from one connection to another without entering the process. */
export interface Pipe {
  /** How many bytes are in it. */
  readonly bytes: number;
}

/** Lends pipes. */
export interface PipePool {
  /** Returns an empty pipe; `undefined` where none may be had for now. */
  take(): Pipe | undefined;
  /** Takes a pipe back, and discards what is left in it. */
  release(pipe: Pipe): void;
}

/** Takes what a {@link Pollable} reports. Never throws. */
export interface ReadyHandler {
  /** There is something to receive, the end or an error included. */
  onReadable(): void;
  /** There is room to send. */
  onWritable(): void;
  /** The connection's owner has closed it; nothing more is reported. */
  onClosed(): void;
}

/**
 * A connection without promises: calls that never wait, and a handler that learns when they may succeed again. Readiness
 * is reported once for each change: a handler that stops before {@link WOULD_BLOCK} asks to be called {@link
 * Pollable.again again}.
 */
export interface Pollable {
  /** Whether {@link Pollable.receive} may find something. */
  readonly isReadable: boolean;
  /** Whether the peer has sent FIN or RST, which is then received after its last byte. */
  readonly isEnding: boolean;
  /** Reports to this handler from now on. No read or write of the connection may be pending, and none may follow. */
  attach(handler: ReadyHandler): void;
  /**
   * Takes back a read that is pending, whose promise then never settles; returns `false` where there is none. Nothing
   * that has arrived is lost.
   */
  withdrawRead(): boolean;
  /**
   * Receives into the first `maxBytes` of `buffer`; returns the number of bytes, 0 at the peer's FIN, or {@link
   * WOULD_BLOCK}. Fewer bytes than asked for mean that there are no more for now, unless the connection {@link
   * Pollable.isEnding is ending}.
   *
   * @throws the system's error.
   */
  receive(buffer: Uint8Array<ArrayBuffer>, maxBytes: number): number;
  /** Sends the first `length` bytes, as many as there is room for, or {@link WOULD_BLOCK}. @throws the system's error. */
  send(bytes: Uint8Array<ArrayBuffer>, length: number): number;
  /** The pipes that bytes may take between connections which share this pool; absent where there are none. */
  readonly pipes?: PipePool;
  /**
   * Receives into an empty pipe, as {@link Pollable.receive} does into a buffer; fewer bytes mean nothing, and {@link
   * NO_PIPE} that the connection cannot.
   *
   * @throws the system's error.
   */
  receiveInto?(pipe: Pipe): number;
  /** Sends what is in the pipe, as much as there is room for, or {@link WOULD_BLOCK}. @throws the system's error. */
  sendFrom?(pipe: Pipe): number;
  /** Sends FIN. @throws the system's error. */
  finish(): void;
  /** Returns the error that the network has reported, for a side that is no longer received from; else `undefined`. */
  takeError(): Error | undefined;
  /** Says that a promise has been settled, so that what awaits it runs before the thread waits for events again. */
  settled(): void;
  /** Calls `onReadable` in the thread's next turn, after everybody else has had theirs. */
  again(): void;
}
