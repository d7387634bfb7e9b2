import { type Address, formatAddress, isSameListen, type ListenSettings } from "../../../base/mod.ts";
import type { AppConfig, Config } from "../../../config/mod.ts";
import { Listener, type ListenerObserver, ListenError } from "../../../listen/mod.ts";
import type { PassedSocket, SocketHandle, Transport } from "../../../net/mod.ts";
import { type ProxyObserver, StartError } from "../../../proxy/mod.ts";

/** Receives the events of listening sockets, and internal errors. */
export type SocketsObserver = ListenerObserver & Pick<ProxyObserver, "defect">;

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
  readonly #observer: SocketsObserver;
  readonly #transport: Transport | undefined;
  #held: readonly HeldSocket[] = [];

  /** @param transport default the runtime's. */
  constructor(observer: SocketsObserver, transport?: Transport) {
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
    /** What gives sockets that stay other settings. */
    const changes: (() => void)[] = [];
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
          const settings = app.listenSockets;
          if (kept === undefined) {
            const socket = { wanted, settings, listener: this.#open(address, app) };
            next.push(socket);
            added.push(socket);
            return socket.listener.address;
          }
          const { listener } = kept;
          if (!isSameListen(kept.settings, settings)) changes.push(this.#prepareSettings(listener, app));
          next.push({ ...kept, settings });
          return listener.address;
        }),
      }));
      return {
        config: { ...config, apps },
        handles: handlesOf(next),
        discard,
        commit: () => {
          this.#held = next;
          closeAll(left);
          for (const change of changes) change();
        },
      };
    } catch (error) {
      discard();
      throw error;
    }
  }

  #open(address: Address, app: AppConfig): Listener {
    return startOf(app, () =>
      Listener.open(address, {
        observer: this.#observer,
        transport: this.#transport,
        settings: app.listenSockets,
        shared: true,
        onConnection: (conn) => conn.close(),
      }));
  }

  /** What it returns must not throw: there is no way back by then. */
  #prepareSettings(listener: Listener, app: AppConfig): () => void {
    const change = startOf(app, () => listener.prepareSettings(app.listenSockets));
    return () => {
      try {
        change();
      } catch (error) {
        this.#observer.defect(error);
      }
    };
  }

  /** The open sockets that another process can be given, with their addresses. */
  list(): PassedSocket[] {
    return this.#held.flatMap(({ listener: { address, handle } }) =>
      handle === undefined ? [] : [{ address, handle }]
    );
  }

  /** Closes all sockets; an address is free once its last worker has closed it too. Idempotent. */
  close(): void {
    closeAll(this.#held);
  }
}

interface HeldSocket {
  /** The address as the config names it. */
  readonly wanted: string;
  readonly settings: ListenSettings;
  readonly listener: Listener;
}

/** @throws {StartError} which names the app. */
function startOf<T>({ name }: AppConfig, open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    throw new StartError(`start app "${name}": ${error.message}`, { cause: error });
  }
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
