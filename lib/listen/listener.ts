import { type Address, errorCode, isReset, type ListenSettings } from "../base/mod.ts";
import { listenOnFile, type SocketFile, type SocketFileState } from "./_socket_file.ts";
import { type Connection, type ListeningSocket, runtimeTransport, type SocketHandle } from "../net/mod.ts";
import { lacksIpv6, ListenError } from "./listen_error.ts";
import type { AcceptPlace, ListenerOptions } from "./options.ts";

/** Pause after a failed accept: long enough not to spin, short enough to go unnoticed. */
const PAUSE_MS = 100;

/**
 * Closing drains the backlog until it has been empty for this long and for {@link QUIET_TURNS}, for at most
 * {@link LAST_CALL_MS}.
 */
const QUIET_MS = 5;
const LAST_CALL_MS = 100;

/**
 * Turns of the event loop after {@link QUIET_MS}: on a busy machine the timer may fire before the runtime has looked
 * whether a connection is there.
 */
const QUIET_TURNS = 3;

/**
 * The last call of a unix socket, whose path leads to another socket, or nowhere, by the time it closes: few connections
 * can be left, and none of them has anywhere else to go.
 */
const UNIX_LAST_CALL_MS = 2000;

/**
 * Owns one bound address and accepts on it in a loop of its own. The loop survives every failure to accept; a
 * `for await` over the runtime's listener would end at the first.
 */
export class Listener {
  /** The bound address; for port 0, with the port that the system chose. */
  readonly address: Address;
  readonly #socket: ListeningSocket;
  readonly #file: SocketFile | undefined;
  readonly #options: ListenerOptions;
  /** Aborted when the listener closes; ends waits at the gate. */
  readonly #waiting = new AbortController();
  #done: Promise<void> = Promise.resolve();
  #isAccepting = false;
  #removed: Promise<void> | undefined;
  #started = false;
  #closing = false;
  #closed = false;
  /** Whether a connection waits for its permit. */
  #isEntering = false;
  /** Resolves when one does while the listener is closing. */
  readonly #entering = Promise.withResolvers<void>();
  #quietTimer: ReturnType<typeof setTimeout> | undefined;
  /** When accepting began to fail; `undefined` while it works. */
  #pausedAtMs: number | undefined;
  #wake: (() => void) | undefined;

  /**
   * Binds the address. The kernel completes connections from then on; {@link Listener.start} hands them out. `::`
   * falls back to `0.0.0.0` on a system without IPv6.
   *
   * @throws {ListenError} when the address cannot be bound.
   */
  static open(address: Address, options: ListenerOptions): Listener {
    const { transport = runtimeTransport } = options;
    try {
      if (address.kind === "unix") {
        if (transport.isOpen?.(address) === true) {
          return new Listener(address, { socket: transport.listenUnix(address.path) }, options);
        }
        const { boundAt } = options;
        if (boundAt === undefined) {
          return new Listener(address, listenOnFile(address.path, transport), options);
        }
        return new Listener(address, { socket: transport.listenUnix(boundAt) }, options);
      }
      const { shared = false, settings } = options;
      const socket = transport.listen(address, { shared, settings });
      return new Listener(socket.address, { socket }, options);
    } catch (error) {
      if (address.kind === "tcp" && address.host === "::" && lacksIpv6(error)) {
        return Listener.open({ ...address, host: "0.0.0.0" }, options);
      }
      throw new ListenError(address, error);
    }
  }

  private constructor(
    address: Address,
    { socket, file }: { socket: ListeningSocket; file?: SocketFile },
    options: ListenerOptions,
  ) {
    this.address = address;
    this.#socket = socket;
    this.#file = file;
    this.#options = options;
  }

  /** What another thread opens the same socket by; absent where it cannot. */
  get handle(): SocketHandle | undefined {
    return this.#socket.handle;
  }

  /**
   * Checks that its socket can have other settings, and returns what puts them into effect, for connections accepted from
   * then on.
   *
   * @throws {ListenError} when it cannot; nothing has changed.
   */
  prepareSettings(settings: ListenSettings): () => void {
    try {
      return this.#socket.prepareSettings?.(settings) ?? ((): void => {});
    } catch (error) {
      throw new ListenError(this.address, error);
    }
  }

  /** What the path of a unix socket leads to by now; `there` for TCP. Never rejects. */
  fileState(): Promise<SocketFileState> {
    return this.#file?.state() ?? Promise.resolve("there");
  }

  /** Whether another listener can open the path of a unix socket while this one, whose file is gone, still listens. */
  get isReplaceable(): boolean {
    return this.#file?.isSafeToReplace === true;
  }

  /** Starts accepting. Call it once. */
  start(): void {
    this.#started = true;
    this.#isAccepting = true;
    this.#done = this.#accept().finally(() => this.#isAccepting = false);
  }

  /** Whether its loop has ended although nobody has closed it, which only an internal error can cause. */
  get hasFailed(): boolean {
    return this.#started && !this.#isAccepting && !this.#closing;
  }

  /**
   * Stops listening. Connections that the kernel has already completed are handed on first, because closing the
   * socket would reset them. Resolves when the loop has ended; idempotent.
   */
  close(): Promise<void> {
    // One that has left its socket to others has nothing to hand on but what waits for a permit.
    if (!this.#started || this.#closed) return this.closeNow();
    if (!this.#closing) {
      this.#closing = true;
      this.#armQuietTimer();
      this.#wake?.();
      const lastCallMs = this.address.kind === "unix" ? UNIX_LAST_CALL_MS : LAST_CALL_MS;
      const lastCall = setTimeout(() => this.closeNow(), lastCallMs);
      return this.#ended().finally(() => clearTimeout(lastCall));
    }
    return this.#ended();
  }

  /** Stops listening at once; connections in the backlog are reset. Idempotent. */
  closeNow(): Promise<void> {
    this.#waiting.abort();
    this.#closeSocket();
    return this.#ended();
  }

  /**
   * Stops listening at once, as others accept on the same socket; resolves when it accepts nothing more. A connection
   * that waits for its permit goes on waiting, until {@link Listener.ended}.
   */
  async leave(): Promise<void> {
    this.#closeSocket();
    if (!this.#isEntering) await Promise.race([this.#done, this.#entering.promise]);
  }

  /** Resolves when it has closed and every connection has been handed on. */
  get ended(): Promise<void> {
    return this.#ended();
  }

  #closeSocket(): void {
    this.#closing = true;
    clearTimeout(this.#quietTimer);
    if (!this.#closed) {
      this.#closed = true;
      this.#socket.close();
      this.#removed = this.#file?.remove();
    }
    this.#wake?.();
  }

  /** Resolves when the loop has ended and the socket's file is gone. */
  async #ended(): Promise<void> {
    await this.#done;
    await this.#removed;
  }

  async #accept(): Promise<void> {
    const { turn } = this.#options;
    while (!this.#closed) {
      // No turns while closing: the queue must be drained soon.
      const wait = this.#closing ? undefined : turn?.(this.#waiting.signal);
      if (wait !== undefined) await this.#unlessClosing(wait);
      const conn = this.#waitingConnection() ?? await this.#next();
      if (conn === undefined) continue;
      if (this.#closing) this.#armQuietTimer();
      const entering = this.#options.gate?.enter(this.#waiting.signal);
      if (entering instanceof Promise) await this.#enter(conn, entering);
      else this.#options.onConnection(conn, this.address, entering);
    }
    this.#resumed();
  }

  /** Takes a connection that waits already; a failure is left to the accept that follows. */
  #waitingConnection(): Connection | undefined {
    if (this.#pausedAtMs !== undefined) return undefined;
    try {
      return this.#socket.tryAccept?.();
    } catch {
      return undefined;
    }
  }

  /** Returns the next connection, or `undefined` after a failed accept and its pause. */
  async #next(): Promise<Connection | undefined> {
    // Without a free descriptor the kernel fails an accept even when no client waits, so an accept that stays pending
    // shows that there are some again.
    const recovery = this.#pausedAtMs === undefined ? undefined : setTimeout(() => this.#resumed(), PAUSE_MS);
    try {
      const conn = await this.#socket.accept();
      this.#resumed();
      return conn;
    } catch (error) {
      // The client gave up between its SYN and our accept: nothing is wrong with the listener. (ENOTCONN: the runtime
      // queries the new socket's peer address, and one that was reset has none.)
      if (!this.#closed && !isReset(errorCode(error))) await this.#pause(error);
      return undefined;
    } finally {
      clearTimeout(recovery);
    }
  }

  /** Waits for `wait`, but no longer than until closing begins. */
  #unlessClosing(wait: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      void wait.then(resolve);
    });
  }

  /** Hands the connection on once it has a permit; closes it if the listener closes first, like the backlog. */
  async #enter(conn: Connection, entering: Promise<AcceptPlace | undefined>): Promise<void> {
    let place: AcceptPlace | undefined;
    this.#isEntering = true;
    if (this.#closing) this.#entering.resolve();
    try {
      place = await entering;
      this.#isEntering = false;
    } catch {
      // The gate rejects only when the listener has closed.
      return conn.close();
    }
    this.#options.onConnection(conn, this.address, place);
  }

  #armQuietTimer(turnsLeft = QUIET_TURNS): void {
    clearTimeout(this.#quietTimer);
    if (this.#closed) return;
    this.#quietTimer = setTimeout(
      () => turnsLeft === 0 ? void this.closeNow() : this.#armQuietTimer(turnsLeft - 1),
      turnsLeft === QUIET_TURNS ? QUIET_MS : 0,
    );
  }

  #resumed(): void {
    if (this.#pausedAtMs === undefined) return;
    this.#options.observer.acceptResumed(this.address, performance.now() - this.#pausedAtMs);
    this.#pausedAtMs = undefined;
  }

  #pause(error: unknown): Promise<void> {
    if (this.#pausedAtMs === undefined) {
      this.#pausedAtMs = performance.now();
      this.#options.observer.acceptPaused(this.address, error);
    }
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, PAUSE_MS);
      this.#wake = (): void => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
