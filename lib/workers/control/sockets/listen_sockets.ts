import { type Address, formatAddress } from "../../../base/mod.ts";
import type { Config } from "../../../config/mod.ts";
import { Listener, type ListenerObserver, ListenError } from "../../../listen/mod.ts";
import type { SocketHandle, Transport } from "../../../net/mod.ts";
import { StartError } from "../../../proxy/mod.ts";

/** Sockets opened for a config that is not in effect yet. */
export interface PreparedSockets {
  /** The config with the addresses actually bound. */
  readonly config: Config;
  /** What workers open the sockets by, by bound address; empty where the runtime shares them. */
  readonly handles: ReadonlyMap<string, SocketHandle>;
  /** Keeps these, and closes those that the config no longer names. */
  commit(): void;
  /** Closes the new ones. */
  discard(): void;
}

/**
 * The control plane's own socket on each TCP address, and on each unix socket that was passed to this process. It accepts nothing: it finds out whether the address is free,
 * and keeps the accept queue open while workers come and go, so that no queued connection is lost with a worker.
 */
export class ListenSockets {
  readonly #observer: ListenerObserver;
  readonly #transport: Transport | undefined;
  #held: readonly HeldSocket[] = [];

  /** @param transport default the runtime's. */
  constructor(observer: ListenerObserver, transport?: Transport) {
    this.#observer = observer;
    this.#transport = transport;
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
          // A worker binds it, unless it was passed to this process.
          if (address.kind === "unix" && this.#transport?.isOpen?.(address) !== true) return address;
          const wanted = formatAddress(address);
          const at = left.findIndex((socket) => socket.wanted === wanted);
          const [kept] = at < 0 ? [] : left.splice(at, 1);
          const socket = kept ?? { wanted, listener: this.#open(address, app.name) };
          next.push(socket);
          if (kept === undefined) added.push(socket);
          return socket.listener.address;
        }),
      }));
      return {
        config: { ...config, apps },
        handles: handlesOf(next),
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

  #open(address: Address, app: string): Listener {
    try {
      return Listener.open(address, {
        observer: this.#observer,
        transport: this.#transport,
        shared: true,
        onConnection: (conn) => conn.close(),
      });
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      throw new StartError(`start app "${app}": ${error.message}`, { cause: error });
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

function handlesOf(sockets: readonly HeldSocket[]): Map<string, SocketHandle> {
  const handles = new Map<string, SocketHandle>();
  for (const { listener } of sockets) {
    if (listener.handle !== undefined) handles.set(formatAddress(listener.address), listener.handle);
  }
  return handles;
}
