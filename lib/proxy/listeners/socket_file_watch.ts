import { type Address, formatAddress } from "../../base/mod.ts";
import type { Listener, SocketFileState } from "../../listen/mod.ts";
import type { Schedule } from "../reload/expiry_watch.ts";

/** A listener and the app that it serves. */
export interface WatchedListener {
  readonly app: string;
  readonly address: Address;
  readonly listener: Pick<Listener, "fileState" | "isReplaceable">;
}

/** A change to the file of a listening unix socket. */
export interface SocketFileChange {
  readonly state: SocketFileState;
  /** Whether a reload listens at the path again; otherwise only a restart does. */
  readonly isReloadable: boolean;
}

export interface SocketFileWatchOptions {
  /** Receives a change when a file is lost, once an episode, and when the path leads to the app again. */
  report(app: string, path: string, change: SocketFileChange): void;
  /** Whether a reload can bind listeners of this proxy anew. */
  readonly isReloadable: boolean;
  /** Default: the runtime's timers. */
  readonly schedule?: Schedule | undefined;
}

/** A look costs one lstat a listener. */
const PERIOD_MS = 10_000;

/** How long a reload waits for a look. */
const LOOK_LIMIT_MS = 1000;

/**
 * Notices unix listeners whose file has been removed or replaced: the socket still listens, but no client can reach it,
 * and the kernel reports nothing. One timer for all of them; none where there are none.
 */
export class SocketFileWatch {
  readonly #options: SocketFileWatchOptions;
  #watched: readonly WatchedListener[] = [];
  readonly #lost = new Set<WatchedListener>();
  /** A look that hangs (a dead mount) holds a thread of the runtime, so there is at most one a listener. */
  readonly #looks = new Map<WatchedListener, Promise<void>>();
  #cancel: (() => void) | undefined;
  #isStopped = false;

  constructor(options: SocketFileWatchOptions) {
    this.#options = options;
  }

  /** Watches the unix listeners among these from now on, and no others. */
  watch(listeners: readonly WatchedListener[]): void {
    // A reload of certificates may come while the proxy drains.
    if (this.#isStopped) return;
    const before = [...this.#lost];
    this.#watched = listeners.filter(({ address }) => address.kind === "unix");
    for (const lost of before) {
      if (this.#watched.includes(lost)) continue;
      this.#lost.delete(lost);
      const next = this.#watched.find(({ address }) =>
        formatAddress(address) === formatAddress(lost.address)
      );
      if (next !== undefined) this.#report(next, "there");
    }
    if (this.#watched.length > 0) this.#arm();
    else this.#disarm();
  }

  /** Reports nothing from here on. Idempotent. */
  stop(): void {
    this.#isStopped = true;
    this.#watched = [];
    this.#lost.clear();
    this.#disarm();
  }

  /** Whether the last look found another file, or none, at the listener's path. */
  isLost(listener: WatchedListener): boolean {
    return this.#lost.has(listener);
  }

  /** Looks at all files now; resolves when each has been looked at. */
  async look(): Promise<void> {
    await Promise.all(this.#watched.map((listener) => {
      const running = this.#looks.get(listener);
      if (running !== undefined) return running;
      const look = this.#lookAt(listener).finally(() => this.#looks.delete(listener));
      this.#looks.set(listener, look);
      return look;
    }));
  }

  /** As {@link SocketFileWatch.look}, for up to 1 s: a look at a dead mount never ends. */
  async lookBriefly(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, LOOK_LIMIT_MS));
    await Promise.race([this.look(), late]);
    clearTimeout(timer);
  }

  async #lookAt(listener: WatchedListener): Promise<void> {
    const state = await listener.listener.fileState();
    // Closed meanwhile, or replaced by a reload.
    if (!this.#watched.includes(listener)) return;
    const isLost = state !== "there";
    if (isLost === this.#lost.has(listener)) return;
    if (isLost) this.#lost.add(listener);
    else this.#lost.delete(listener);
    this.#report(listener, state);
  }

  #report({ app, address, listener }: WatchedListener, state: SocketFileState): void {
    if (address.kind !== "unix") return;
    const isReloadable = this.#options.isReloadable && listener.isReplaceable;
    this.#options.report(app, address.path, { state, isReloadable });
  }

  #arm(): void {
    const { schedule = runtimeTimer } = this.#options;
    this.#cancel ??= schedule(() => {
      this.#cancel = undefined;
      this.#arm();
      void this.look();
    }, PERIOD_MS);
  }

  #disarm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}

function runtimeTimer(run: () => void, delayMs: number): () => void {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
}
