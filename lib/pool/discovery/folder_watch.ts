/** How long a folder must have been quiet: a file is replaced, or a link turned, in several steps. */
const SETTLE_MS = 50;

/** A change is reported after this long, even if others follow. */
const MAX_SETTLE_MS = 1000;

/**
 * Reports when something changes in a folder. The folder and not the file: one that is replaced is another file under the same
 * name, and of a link that is turned (a ConfigMap of Kubernetes) only names of others are seen.
 */
export class FolderWatch implements Disposable {
  readonly #folder: string;
  readonly #changed: () => void;
  #watcher: Deno.FsWatcher | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sinceMs: number | undefined;
  #isClosed = false;

  constructor(folder: string, changed: () => void) {
    this.#folder = folder;
    this.#changed = changed;
  }

  /** Begins, unless it has begun. Nothing happens where the folder is missing or may not be watched: call it again later. */
  begin(): void {
    if (this.#watcher !== undefined || this.#isClosed) return;
    try {
      this.#watcher = Deno.watchFs(this.#folder, { recursive: false });
    } catch (error) {
      // The reader of the file reports what is wrong.
      if (error instanceof Error) return;
      throw error;
    }
    void this.#listen(this.#watcher);
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  /** Never rejects. */
  async #listen(watcher: Deno.FsWatcher): Promise<void> {
    try {
      for await (const { kind } of watcher) if (kind !== "access") this.#settle();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
    }
    // The folder is gone, or the system has reported an error.
    if (this.#watcher === watcher) this.#watcher = undefined;
  }

  #settle(): void {
    const nowMs = performance.now();
    this.#sinceMs ??= nowMs;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#sinceMs = undefined;
      this.#changed();
    }, Math.min(SETTLE_MS, Math.max(0, this.#sinceMs + MAX_SETTLE_MS - nowMs)));
  }
}
