import type { Address } from "../../base/mod.ts";
import type { App } from "../../app/mod.ts";
import type { OwnListeners } from "../../dial/mod.ts";
import {
  type AcceptGate,
  type AcceptPlace,
  Listener,
  type ListenerObserver,
  type ListenerOptions,
  ListenError,
} from "../../listen/mod.ts";
import type { Connection, Transport } from "../../net/mod.ts";
import type { ProxyObserver } from "../proxy_observer.ts";
import type { Schedule } from "../reload/expiry_watch.ts";
import { removeLeftovers, removeStaleSocket } from "./stale_socket.ts";

/** A listener that is about to accept, and the app that it serves. */
export interface TurnTaker {
  readonly wanted: Address;
  readonly app: string;
}

export interface ListenersOptions {
  readonly observer: ListenerObserver & Pick<ProxyObserver, "socketFileChanged">;
  /** When to look at socket files; default: the runtime's timers. */
  readonly schedule?: Schedule | undefined;
  /** Default the runtime's sockets. */
  readonly transport?: Transport | undefined;
  /** Whether other threads of this process accept on the same TCP addresses. */
  readonly shared: boolean;
  /** Whether this thread listens on unix sockets. */
  readonly hasUnix: boolean;
  /** By path, the names that unix sockets are bound to; see {@link ListenerOptions.boundAt}. */
  readonly unixNames?: ReadonlyMap<string, string> | undefined;
  /** Called at each change of what is bound. */
  readonly own: OwnListeners;
  /** Waited for before each connection is accepted; see {@link ListenerOptions.turn}. */
  turn(listener: TurnTaker, signal: AbortSignal): Promise<void> | undefined;
  /** Takes over a connection. */
  begin(conn: Connection, origin: { app: App; listener: Address; place: AcceptPlace | undefined }): void;
}

/** Whether the socket of an address was passed to this thread: all threads accept on it, and its file is another's. */
export function isPassed(
  address: Address,
  { transport }: { readonly transport?: Transport | undefined },
): boolean {
  return transport?.isOpen?.(address) === true;
}

/** Resolves with the promise, or when the signal is aborted. */
function untilAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener("abort", done);
      resolve();
    };
    signal.addEventListener("abort", done);
    void promise.then(done);
  });
}

/** A listener whose connections go to an app that a reload may change: it asks for gate and session at each one. */
export class BoundListener implements ListenerOptions {
  readonly observer: ListenerObserver;
  readonly shared: boolean;
  readonly transport: Transport | undefined;
  /** As the config names it. */
  readonly wanted: Address;
  readonly boundAt: string | undefined;
  readonly #options: ListenersOptions;
  #name: string;
  readonly #gate: AcceptGate = { enter: (signal) => this.#enter(signal) };
  #app: App | undefined;
  /** Aborted when the listener serves another app. */
  #moved = new AbortController();
  /** The same, or when the listener closes; made for the first connection that an app's gate is asked for. */
  #leaving: AbortSignal | undefined;
  #listener: Listener | undefined;

  /** @throws {ListenError} when the address cannot be bound. */
  static async open(address: Address, app: string, options: ListenersOptions): Promise<BoundListener> {
    const bound = new BoundListener(address, app, options);
    if (address.kind === "unix" && bound.boundAt === undefined && !isPassed(address, options)) {
      await removeLeftovers(address.path);
    }
    try {
      bound.#listener = Listener.open(address, bound);
    } catch (error) {
      const isOther = bound.boundAt !== undefined || !(error instanceof ListenError);
      if (isOther || !await removeStaleSocket(error)) throw error;
      bound.#listener = Listener.open(address, bound);
    }
    return bound;
  }

  private constructor(wanted: Address, app: string, options: ListenersOptions) {
    this.observer = options.observer;
    this.shared = options.shared;
    this.transport = options.transport;
    this.wanted = wanted;
    this.boundAt = wanted.kind === "unix" ? options.unixNames?.get(wanted.path) : undefined;
    this.#name = app;
    this.#options = options;
  }

  /** The name of the app that it serves. */
  get app(): string {
    return this.#name;
  }

  get listener(): Listener {
    if (this.#listener === undefined) throw new RangeError("the listener is not open");
    return this.#listener;
  }

  /** The bound address. */
  get address(): Address {
    return this.listener.address;
  }

  get gate(): AcceptGate | undefined {
    return this.#app?.gate === undefined && this.#app?.resumed === undefined ? undefined : this.#gate;
  }

  readonly turn = (signal: AbortSignal): Promise<void> | undefined => this.#options.turn(this, signal);

  /** Hands connections to this app from now on. */
  serve(name: string, app: App | undefined): void {
    this.#name = name;
    if (app === this.#app) return;
    this.#app = app;
    this.#moved.abort();
    this.#moved = new AbortController();
    this.#leaving = undefined;
  }

  /** Waits while the app is paused, and for its permit. Another app that takes its place meanwhile decides anew. */
  #enter(signal: AbortSignal): AcceptPlace | undefined | Promise<AcceptPlace | undefined> {
    const app = this.#app;
    if (app?.resumed !== undefined) return this.#wait(signal);
    const entering = app?.gate?.enter(this.#leavingBy(signal));
    return entering instanceof Promise ? this.#wait(signal, entering) : entering;
  }

  /** @param entering the permit that is waited for already. */
  async #wait(
    signal: AbortSignal,
    entering?: Promise<AcceptPlace | undefined>,
  ): Promise<AcceptPlace | undefined> {
    for (;;) {
      const app = this.#app;
      const leaving = this.#leavingBy(signal);
      let place: AcceptPlace | undefined;
      if (app?.resumed !== undefined) await untilAborted(app.resumed, leaving);
      else {
        try {
          place = await (entering ?? app?.gate?.enter(leaving));
        } catch (error) {
          if (!leaving.aborted) throw error;
        }
        entering = undefined;
        if (!leaving.aborted && app?.resumed === undefined) return place;
      }
      // The app was paused, or lost the listener, while the connection waited.
      place?.refund?.();
      place?.[Symbol.dispose]();
      signal.throwIfAborted();
    }
  }

  #leavingBy(signal: AbortSignal): AbortSignal {
    return this.#leaving ??= AbortSignal.any([signal, this.#moved.signal]);
  }

  onConnection(conn: Connection, listener: Address, place: AcceptPlace | undefined): void {
    if (this.#app === undefined) return conn.close();
    this.#options.begin(conn, { app: this.#app, listener, place });
  }
}
