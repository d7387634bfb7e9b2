import { type Address, formatAddress } from "../../base/mod.ts";
import type { Config } from "../../config/mod.ts";
import { Listener, type ListenerObserver, ListenError } from "../../listen/mod.ts";
import { StartError } from "../../proxy/mod.ts";

/** Sockets opened for a config that is not in effect yet. */
export interface PreparedSockets {
  /** The config with the addresses actually bound. */
  readonly config: Config;
  /** Keeps these, and closes those that the config no longer names. */
  commit(): void;
  /** Closes the new ones. */
  discard(): void;
}

/**
 * The control plane's own socket on each TCP address. It accepts nothing: it finds out whether the address is free,
 * and keeps the accept queue open while workers come and go, so that no queued connection is lost with a worker.
 */
export class ListenSockets {
  readonly #observer: ListenerObserver;
  #held: readonly HeldSocket[] = [];

  constructor(observer: ListenerObserver) {
    this.#observer = observer;
  }

  /**
   * Opens the addresses that are not open yet, all or none.
   *
   * @throws {StartError} when one cannot be bound; it names the app, the address and the cause.
   */
  prepare(config: Config): PreparedSockets {
    const left = [...this.#held];
    const next: HeldSocket[] = [];
    const added: HeldSocket[] = [];
    const discard = (): void => closeAll(added);
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
          closeAll(left);
        },
      };
    } catch (error) {
      discard();
      throw error;
    }
  }

  /** Closes all sockets; an address is free once its last worker has closed it too. Idempotent. */
  close(): void {
    closeAll(this.#held);
  }
}

interface HeldSocket {
  /** The address as the config names it. */
  readonly wanted: string;
  readonly listener: Listener;
}

function closeAll(sockets: readonly HeldSocket[]): void {
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
