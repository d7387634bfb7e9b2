import type { Address } from "../../base/mod.ts";
import type { Config } from "../../config/mod.ts";
import { Listener, type ListenerObserver, ListenError } from "../../listen/mod.ts";
import { StartError } from "../../proxy/mod.ts";

/**
 * The control plane's own hold on each TCP address. It accepts nothing: it finds out at the start whether the address is
 * free, and keeps the queue of connections while workers come and go, so that none in it is lost with a worker.
 */
export class ListenSockets {
  readonly #listeners: readonly Listener[];
  /** The config with the addresses that are really bound. */
  readonly config: Config;

  /**
   * Takes all addresses or none.
   *
   * @throws {StartError} when one cannot be had; it says which app's, where, and why.
   */
  static open(config: Config, observer: ListenerObserver): ListenSockets {
    const listeners: Listener[] = [];
    try {
      const apps = config.apps.map((app) => ({
        ...app,
        listen: app.listen.map((address): Address => {
          if (address.kind === "unix") return address;
          const listener = open(address, app.name, observer);
          listeners.push(listener);
          return listener.address;
        }),
      }));
      return new ListenSockets(listeners, { ...config, apps });
    } catch (error) {
      for (const listener of listeners) void listener.closeNow();
      throw error;
    }
  }

  private constructor(listeners: readonly Listener[], config: Config) {
    this.#listeners = listeners;
    this.config = config;
  }

  /** Lets go; an address is free when its last worker has let go too. Idempotent. */
  close(): void {
    for (const listener of this.#listeners) void listener.closeNow();
  }
}

function open(address: Address, app: string, observer: ListenerObserver): Listener {
  try {
    return Listener.open(address, { observer, shared: true, onConnection: (conn) => conn.close() });
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    throw new StartError(`start app "${app}": ${error.message}`, { cause: error });
  }
}
