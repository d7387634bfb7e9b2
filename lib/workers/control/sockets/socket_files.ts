import { type Address, errorMessage } from "../../../base/mod.ts";
import type { Config } from "../../../config/mod.ts";
import { describeTaken, putInPlace, replaceAt, type SocketFile, temporaryName } from "../../../listen/mod.ts";
import {
  programProblem,
  type ProxyObserver,
  type ReloadProblem,
  removeLeftovers,
  removeStaleFile,
  SocketFileWatch,
  StartError,
  type WallTime,
} from "../../../proxy/mod.ts";

export interface SocketFilesOptions extends Pick<WallTime, "schedule"> {
  /** Paths whose sockets another process has, which this one takes over from; default none. */
  readonly takenOver?: ReadonlySet<string> | undefined;
  /** Whether the socket of an address was passed to this process, with a file of its own; default none was. */
  isPassed?(address: Address): boolean;
  readonly observer: Pick<ProxyObserver, "socketFileChanged" | "defect">;
}

/** The result of {@link SocketFiles.place}. */
export interface PlaceResult {
  /** Failures at paths that were in use already: these still lead to the sockets before. */
  readonly problems: readonly ReloadProblem[];
  /** Resolves when the files of paths that are gone have been removed; another reload must not begin before. */
  readonly removed: Promise<unknown>;
}

/** A unix socket that a config listens on. */
interface UnixListener {
  readonly app: string;
  readonly path: string;
}

/** A file at its path. */
interface PlacedFile extends UnixListener {
  readonly address: Address;
  readonly listener: { readonly isReplaceable: true; fileState(): ReturnType<SocketFile["state"]> };
  readonly file: SocketFile;
}

/**
 * The files of the unix sockets that workers listen on.
 *
 * Only one worker can listen on such a socket, and no other can share it. So a worker binds a temporary name, and this
 * thread puts its file in place: at a reload over the file of the worker before it, whose queue that one still empties.
 * At every moment the path leads to a socket that is served.
 */
export class SocketFiles {
  readonly #observer: SocketFilesOptions["observer"];
  readonly #isPassed: (address: Address) => boolean;
  /** Paths to take over from another process. */
  #takenOver: ReadonlySet<string>;
  readonly #watch: SocketFileWatch;
  /** By path. */
  #placed: ReadonlyMap<string, PlacedFile> = new Map();

  constructor(
    { observer, schedule, takenOver = new Set(), isPassed = () => false }: SocketFilesOptions,
  ) {
    this.#observer = observer;
    this.#takenOver = takenOver;
    this.#isPassed = isPassed;
    this.#watch = new SocketFileWatch({
      report: (app, path, change) => observer.socketFileChanged(app, path, change),
      isReloadable: true,
      schedule,
    });
  }

  /**
   * The names that the workers of a config bind their sockets to, by path. Where the runtime does not permit one of them,
   * there are none: workers bind the paths themselves then, and a reload cannot replace them.
   */
  names(config: Config): ReadonlyMap<string, string> {
    const names = new Map<string, string>();
    for (const { path } of this.listeners(config)) {
      const name = temporaryName(path);
      if (name === undefined) return new Map();
      names.set(path, name);
    }
    return names;
  }

  /** Removes what a worker that died before its files were in place has left; another binds the same names. */
  static free(names: ReadonlyMap<string, string>): void {
    for (const name of names.values()) {
      try {
        Deno.removeSync(name);
      } catch {
        // None left, as a rule; if it cannot be removed, binding fails next and says why.
      }
    }
  }

  /** Removes what processes that were killed have left at the paths and beside them. Never rejects. */
  async clean(config: Config): Promise<void> {
    for (const { path } of this.listeners(config)) {
      if (this.#takenOver.has(path) || (this.#placed.has(path) && !this.#isLost(path))) continue;
      await removeLeftovers(path);
      await removeStaleFile(path);
    }
  }

  /**
   * Puts the files of newly bound sockets in place, and removes those of paths that the config no longer names.
   *
   * @throws {StartError} when a new path is taken; nothing has changed.
   */
  place(config: Config, names: ReadonlyMap<string, string>): PlaceResult {
    const placed = new Map<string, PlacedFile>();
    const problems: ReloadProblem[] = [];
    const wanted = this.listeners(config).flatMap((listener) => {
      const name = names.get(listener.path);
      return name === undefined ? [] : [{ listener, name }];
    });
    const isKept = ({ path }: UnixListener): boolean => this.#placed.has(path) && !this.#isLost(path);
    // New ones first: they may fail, and those before them are not in use yet.
    for (const { listener, name } of wanted.filter(({ listener }) => !isKept(listener))) {
      try {
        // Over the one of another process, whose queue that one empties.
        const place = this.#takenOver.has(listener.path) ? replaceAt : putInPlace;
        placed.set(listener.path, placedFile(listener, place(name, listener.path)));
      } catch (error) {
        for (const { file } of placed.values()) void file.remove();
        const what = error instanceof Deno.errors.AddrInUse
          ? describeTaken(listener.path)
          : errorMessage(error);
        throw new StartError(`start app "${listener.app}": listen on unix:${listener.path}: ${what}`, {
          cause: error,
        });
      }
    }
    for (const { listener, name } of wanted.filter(({ listener }) => isKept(listener))) {
      try {
        placed.set(listener.path, placedFile(listener, replaceAt(name, listener.path)));
      } catch (error) {
        const before = this.#placed.get(listener.path);
        if (before !== undefined) placed.set(listener.path, before);
        problems.push(programProblem(
          `listen on unix:${listener.path}: ${
            errorMessage(error)
          }; its clients reach the workers before, which end`,
        ));
      }
    }
    const gone = [...this.#placed.values()].filter(({ path }) => !placed.has(path));
    this.#placed = placed;
    this.#takenOver = new Set();
    this.#watch.watch([...placed.values()]);
    return { problems, removed: Promise.all(gone.map(({ file }) => file.remove())) };
  }

  /** Puts the files of a worker that took the place of a dead one in place, where nobody else's are there. */
  replace(names: ReadonlyMap<string, string>): void {
    const placed = new Map(this.#placed);
    for (const [path, before] of this.#placed) {
      const name = names.get(path);
      // What the path leads to now is looked at by the watch, which reports it.
      if (name === undefined || this.#isLost(path)) continue;
      try {
        placed.set(path, placedFile(before, replaceAt(name, path)));
      } catch (error) {
        this.#observer.defect(
          new Error(`listen on unix:${path}: ${errorMessage(error)}; reload to try again`),
        );
      }
    }
    this.#placed = placed;
    this.#watch.watch([...placed.values()]);
  }

  /** Whether a path no longer leads to its socket. */
  async hasLost(): Promise<boolean> {
    await this.#watch.lookBriefly();
    return [...this.#placed.keys()].some((path) => this.#isLost(path));
  }

  /** Removes all files that are still its own; no client finds the sockets from then on. */
  async close(): Promise<void> {
    this.#watch.stop();
    const placed = [...this.#placed.values()];
    this.#placed = new Map();
    await Promise.all(placed.map(({ file }) => file.remove()));
  }

  /**
   * Removes the files that workers have bound themselves, where there were no names: confined workers cannot. One that a
   * process answers on stays. Never rejects.
   */
  async removeBound(config: Config, names: ReadonlyMap<string, string>): Promise<void> {
    const own = this.listeners(config).filter(({ path }) => !names.has(path));
    await Promise.all(own.map(({ path }) => removeStaleFile(path)));
  }

  /** The unix sockets of a config whose files are placed here. */
  listeners({ apps }: Config): UnixListener[] {
    return apps.flatMap(({ name: app, listen }) =>
      listen.flatMap((address) =>
        address.kind === "unix" && !this.#isPassed(address) ? [{ app, path: address.path }] : []
      )
    );
  }

  #isLost(path: string): boolean {
    const placed = this.#placed.get(path);
    return placed !== undefined && this.#watch.isLost(placed);
  }
}

function placedFile({ app, path }: UnixListener, file: SocketFile): PlacedFile {
  return {
    app,
    path,
    file,
    address: { kind: "unix", path },
    listener: { isReplaceable: true, fileState: () => file.state() },
  };
}
