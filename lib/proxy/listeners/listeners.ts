import { formatAddress } from "../../base/mod.ts";
import type { App } from "../../app/mod.ts";
import type { Config } from "../../config/parsed.ts";
import { ListenError } from "../../listen/mod.ts";
import { BoundListener, isPassed, type ListenersOptions } from "./bound_listener.ts";
import { ownListeners } from "./own_listeners.ts";
import type { ListenerInfo } from "../status/runtime_snapshot.ts";
import { SocketFileWatch } from "./socket_file_watch.ts";
import { StartError } from "../start_error.ts";

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
