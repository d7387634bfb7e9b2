import { errorCode, errorMessage } from "../../base/mod.ts";
import type { Config } from "../../config/mod.ts";
import type { Logger } from "../../log/mod.ts";
import type { ConfigReloads } from "./config_reloads.ts";

/** The files of a config at one moment. */
export interface ConfigFilesState {
  /** Their folders, and those in which more may appear; `undefined` where a fault hides them. */
  readonly folders: readonly string[] | undefined;
  /** Differs between any two states. */
  readonly fingerprint: string;
}

export interface WatchConfigOptions {
  readonly log: Logger;
  readonly reloads: Pick<ConfigReloads, "reload">;
  /** The config's files; `undefined` where it has none that can be read again. */
  readonly file: WatchedFile | undefined;
}

/** A config's file, with those that it includes. */
export interface WatchedFile {
  readonly path: string;
  /** Their state when the config that runs was read. */
  readonly loaded: ConfigFilesState;
  /** Never rejects. */
  look(): Promise<ConfigFilesState>;
}

/** How long files must have been left alone before they are read: editors and ConfigMaps change them in several steps. */
const SETTLE_MS = 300;

/** After so long they are read although something goes on changing, such as a log in the same folder. */
const MAX_SETTLE_MS = 3000;

/**
 * Reloads the config when one of its files changes, where it says `watch: true`. Their folders are watched: a file that is
 * replaced, or a link that is turned, is another file under the same name, of which a watch of the file itself hears nothing.
 */
export function watchConfig(config: Config, { log, reloads, file }: WatchConfigOptions): Disposable {
  const none = { [Symbol.dispose]: (): void => {} };
  if (!config.watch) return none;
  if (file === undefined) {
    log.warning("watch: the config is no file that can be read again, it is not watched");
    return none;
  }
  return new ConfigWatch({ log, reloads, file });
}

class ConfigWatch implements Disposable {
  readonly #log: Logger;
  readonly #reloads: Pick<ConfigReloads, "reload">;
  readonly #file: WatchedFile;
  readonly #watchers = new Map<string, Deno.FsWatcher>();
  /** Folders of which it has been said that they cannot be watched. */
  readonly #refused = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the first of the changes came that have not been looked at. */
  #changedMs: number | undefined;
  #fingerprint: Promise<string>;
  #isClosed = false;

  constructor({ log, reloads, file }: Required<WatchConfigOptions> & { readonly file: WatchedFile }) {
    this.#log = log;
    this.#reloads = reloads;
    this.#file = file;
    this.#fingerprint = Promise.resolve(file.loaded.fingerprint);
    this.#watch(file.loaded.folders ?? [folderOf(file.path)]);
  }

  /** Idempotent. */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
  }

  /** Returns the fingerprint of the files, and watches folders that are new. Never rejects. */
  async #look(): Promise<string> {
    const { folders, fingerprint } = await this.#file.look();
    if (folders !== undefined && !this.#isClosed) this.#watch(folders);
    return fingerprint;
  }

  #watch(folders: readonly string[]): void {
    for (const [folder, watcher] of this.#watchers) {
      if (folders.includes(folder)) continue;
      this.#watchers.delete(folder);
      watcher.close();
    }
    let isNew = false;
    for (const folder of folders) {
      if (this.#watchers.has(folder)) continue;
      try {
        const watcher = Deno.watchFs(folder, { recursive: false });
        this.#watchers.set(folder, watcher);
        isNew = true;
        this.#listen(watcher, folder).catch((error) => this.#refuse(folder, error));
      } catch (error) {
        this.#refuse(folder, error);
      }
    }
    // What appeared in a folder before it was watched caused no event.
    if (isNew) this.#changed();
  }

  #refuse(folder: string, error: unknown): void {
    // One that comes later is seen in the folder above, and watched then.
    if (errorCode(error) === "ENOENT" || error instanceof Deno.errors.NotFound || this.#refused.has(folder)) {
      return;
    }
    this.#refused.add(folder);
    this.#log.error("watch {folder}: {error}; changes take effect at SIGHUP alone", {
      folder,
      error: errorMessage(error),
    });
  }

  async #listen(watcher: Deno.FsWatcher, folder: string): Promise<void> {
    // Names say too little: where a link is turned, only names of others are seen.
    for await (const { kind } of watcher) {
      if (kind === "access") continue;
      this.#changed();
    }
    // A folder that is gone ends its watch.
    if (this.#watchers.get(folder) === watcher) this.#watchers.delete(folder);
  }

  #changed(): void {
    const nowMs = Date.now();
    this.#changedMs ??= nowMs;
    clearTimeout(this.#timer);
    const delayMs = Math.min(SETTLE_MS, Math.max(0, this.#changedMs + MAX_SETTLE_MS - nowMs));
    this.#timer = setTimeout(() => void this.#settled(), delayMs);
  }

  /** Never rejects. */
  async #settled(): Promise<void> {
    this.#changedMs = undefined;
    const before = this.#fingerprint;
    this.#fingerprint = this.#look();
    if (await before === await this.#fingerprint || this.#isClosed) return;
    await this.#reloads.reload("watch");
  }
}

function folderOf(path: string): string {
  const slash = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  return slash < 0 ? "." : path.slice(0, Math.max(1, slash));
}
