import { type Address, formatAddress } from "../../base/mod.ts";
import type { App } from "../../app/mod.ts";
import type { Config } from "../../config/parsed.ts";
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
import { ownListeners } from "./own_listeners.ts";
import type { ListenerInfo } from "../status/runtime_snapshot.ts";
import type { ProxyObserver } from "../proxy_observer.ts";
import type { Schedule } from "../reload/expiry_watch.ts";
import { SocketFileWatch } from "./socket_file_watch.ts";
import { removeLeftovers, removeStaleSocket } from "./stale_socket.ts";
import { StartError } from "../start_error.ts";

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

/** Listeners that are bound for a config that is not in effect yet. */
export interface PreparedListeners {
  /** All that are bound when this is in effect. */
  list(): ListenerInfo[];
  /** Whether any of them is new. */
  readonly hasNew: boolean;
  /** Lets the new ones accept, and closes those that the config no longer names; resolves when these are empty. */
  commit(apps: ReadonlyMap<string, App>): Promise<void>;
  /** Closes the new ones. */
  discard(): Promise<void>;
}

/** The bound addresses of a proxy, each with the app that it serves at this moment. */
export class Listeners {
  readonly #options: ListenersOptions;
  readonly #files: SocketFileWatch;
  #bound: readonly BoundListener[] = [];

  constructor(options: ListenersOptions) {
    this.#options = options;
    this.#files = new SocketFileWatch({
      report: (app, path, change) => options.observer.socketFileChanged(app, path, change),
      // No other worker can take a unix socket over.
      isReloadable: !options.shared,
      schedule: options.schedule,
    });
  }

  /** In the order in which the config names them. */
  list(): ListenerInfo[] {
    return this.#bound.map(({ app, address }) => ({ app, address }));
  }

  /** Whether every one accepts that should. */
  get areAlive(): boolean {
    return this.#bound.every(({ listener }) => !listener.hasFailed);
  }

  /** Whether clients can no longer reach a listener that {@link Listeners.prepare} would bind anew. */
  async hasLost(): Promise<boolean> {
    await this.#files.lookBriefly();
    return this.#bound.some((bound) => this.#isToReplace(bound));
  }

  /**
   * Binds the addresses of a config that are not bound yet, and unix sockets whose file has gone. Any other that stays is
   * not touched, also where another app is to serve it. Nothing changes until `commit`.
   *
   * @throws {StartError} when one cannot be bound; those that could are closed again.
   */
  async prepare({ apps }: Config): Promise<PreparedListeners> {
    await this.#files.lookBriefly();
    const left = [...this.#bound];
    const added: BoundListener[] = [];
    const next: { readonly app: string; readonly bound: BoundListener }[] = [];
    const discard = async (): Promise<void> => {
      await Promise.all(added.map((bound) => bound.listener.closeNow()));
    };
    for (const { name: app, listen } of apps) {
      for (const address of listen) {
        if (address.kind === "unix" && !this.#options.hasUnix && !isPassed(address, this.#options)) continue;
        const at = left.findIndex((bound) =>
          formatAddress(bound.wanted) === formatAddress(address) && !this.#isToReplace(bound)
        );
        const [kept] = at < 0 ? [] : left.splice(at, 1);
        try {
          const bound = kept ?? await BoundListener.open(address, app, this.#options);
          if (kept === undefined) added.push(bound);
          next.push({ app, bound });
        } catch (error) {
          await discard();
          if (!(error instanceof ListenError)) throw error;
          throw new StartError(`start app "${app}": ${error.message}`, { cause: error });
        }
      }
    }
    return {
      discard,
      hasNew: added.length > 0,
      list: () => next.map(({ app, bound }) => ({ app, address: bound.address })),
      commit: async (apps): Promise<void> => {
        this.#bound = next.map(({ bound }) => bound);
        for (const { app, bound } of next) bound.serve(app, apps.get(app));
        this.#options.own.replace(ownListeners(this.list(), [...apps.values()].map(({ config }) => config)));
        for (const { listener } of added) listener.start();
        this.#files.watch(this.#bound);
        await Promise.all(left.map(({ listener }) => listener.close()));
      },
    };
  }

  /**
   * Leaves these addresses to others that accept on the same sockets, from this moment on; the rest is closed as by
   * {@link Listeners.close}. Connections that wait for their permits go on waiting, until {@link Listeners.ended}.
   */
  async leave(to: ReadonlySet<string>): Promise<void> {
    this.#files.stop();
    await Promise.all(
      this.#bound.map(({ address, listener }) =>
        to.has(formatAddress(address)) ? listener.leave() : listener.close()
      ),
    );
  }

  /** Resolves when all have closed and every connection has been handed on. */
  async ended(): Promise<void> {
    await Promise.all(this.#bound.map(({ listener }) => listener.ended));
  }

  /** Stops listening; what the kernel has accepted already is handed on first. */
  async close(): Promise<void> {
    this.#files.stop();
    await Promise.all(this.#bound.map(({ listener }) => listener.close()));
  }

  /** Stops listening at once. */
  async closeNow(): Promise<void> {
    this.#files.stop();
    await Promise.all(this.#bound.map(({ listener }) => listener.closeNow()));
  }

  #isToReplace(bound: BoundListener): boolean {
    return bound.listener.isReplaceable && this.#files.isLost(bound);
  }
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
class BoundListener implements ListenerOptions {
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
