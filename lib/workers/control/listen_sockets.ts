import { type Address, formatAddress } from "../../base/mod.ts";
import type { Config } from "../../config/mod.ts";
import { Listener, type ListenerObserver, ListenError } from "../../listen/mod.ts";
import { StartError } from "../../proxy/mod.ts";

/** Sockets that are open for a config that is not in effect yet. */
export interface PreparedSockets {
  /** The config with the addresses that are really bound. */
  readonly config: Config;
  /** Keeps these, and lets go of those that the config does not name. */
  commit(): void;
  /** Lets go of the new ones. */
  discard(): void;
}

/**
 * The control plane's own hold on each TCP address. It accepts nothing: it finds out whether the address is free, and keeps
 * the queue of connections while workers come and go, so that none in it is lost with a worker.
 */
export class ListenSockets {
  readonly #observer: ListenerObserver;
  #held: readonly HeldSocket[] = [];

  constructor(observer: ListenerObserver) {
    this.#observer = observer;
  }

  /**
   * Opens the addresses that are not held yet, all or none.
   *
   * @throws {StartError} when one cannot be bound; it says which app's, where, and why.
   */
  prepare(config: Config): PreparedSockets {
    const left = [...this.#held];
    const next: HeldSocket[] = [];
    const added: HeldSocket[] = [];
    const discard = (): void => letGo(added);
    try {
      const apps = config.apps.map((app) => ({
        ...app,
        listen: app.listen.map((address): Address => {
          if (address.kind === "unix") return address;
          const wanted = formatAddress(address);
          const at = left.findIndex((socket) => socket.wanted === wanted);
          const [kept] = at < 0 ? [] : left.splice(at, 1);
          const socket = kept ?? { wanted, listener: open(address, app.name, this.#observer) };
          next.push(socket);
          if (kept === undefined) added.push(socket);
          return socket.listener.address;
        }),
      }));
      return {
        config: { ...config, apps },
        discard,
        commit: () => {
          this.#held = next;
          letGo(left);
        },
      };
    } catch (error) {
      discard();
      throw error;
    }
  }

  /** Lets go; an address is free when its last worker has let go too. Idempotent. */
  close(): void {
    letGo(this.#held);
  }
}

interface HeldSocket {
  /** The address as the config names it. */
  readonly wanted: string;
  readonly listener: Listener;
}

function letGo(sockets: readonly HeldSocket[]): void {
  for (const { listener } of sockets) void listener.closeNow();
}

function open(address: Address, app: string, observer: ListenerObserver): Listener {
  try {
    return Listener.open(address, { observer, shared: true, onConnection: (conn) => conn.close() });
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    throw new StartError(`start app "${app}": ${error.message}`, { cause: error });
  }
}
