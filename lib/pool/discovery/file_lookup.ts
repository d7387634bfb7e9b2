import { dirname } from "node:path";
import { errorCode, errorMessage } from "../../base/mod.ts";
import type { DiscoveredTarget } from "./discovery_change.ts";
import { FolderWatch } from "./folder_watch.ts";
import type { Lookup, LookupAnswer } from "./lookup.ts";
import { parseTargetGroups } from "./target_groups.ts";

/** The largest file, 1 MiB: 10,000 targets and room to spare. */
export const MAX_LIST_BYTES = 1024 * 1024;

/** The targets that a file lists, as JSON or YAML. */
export class FileLookup implements Lookup {
  readonly what: string;
  readonly #path: string;
  #watch: FolderWatch | undefined;
  /** A read that outlasts its limit holds a thread of the runtime, so that none is begun beside it. */
  #reading: Promise<string> | undefined;
  #last: { readonly text: string; readonly targets: readonly DiscoveredTarget[] } | undefined;

  constructor(path: string) {
    this.#path = path;
    this.what = `read "${path}"`;
  }

  async ask(signal: AbortSignal): Promise<LookupAnswer> {
    // Before the file is read, so that no change is missed; and again where the folder has been away.
    this.#watch?.begin();
    try {
      const text = await this.#text(signal);
      if (text !== this.#last?.text) {
        // Not at the top: workers, which read no list, do not load what reads configs.
        const { parseData } = await import("../../config/mod.ts");
        this.#last = { text, targets: parseTargetGroups(parseData(text)) };
      }
      return { targets: this.#last.targets };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      return { problem: `${this.what}: ${explain(error)}` };
    }
  }

  watch(changed: () => void): Disposable {
    this.#watch?.[Symbol.dispose]();
    this.#watch = new FolderWatch(dirname(this.#path), changed);
    return this.#watch;
  }

  async #text(signal: AbortSignal): Promise<string> {
    this.#reading ??= readList(this.#path).finally(() => this.#reading = undefined);
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
    try {
      return await Promise.race([this.#reading, aborted.promise]);
    } finally {
      signal.removeEventListener("abort", abort);
      this.#reading?.catch(() => {});
    }
  }
}

async function readList(path: string): Promise<string> {
  // Never prompts.
  if ((await Deno.permissions.query({ name: "read", path })).state !== "granted") {
    throw new Error(`the runtime does not allow reading it; run with --allow-read=${path}`);
  }
  const { isFile, size } = await Deno.stat(path);
  if (!isFile) throw new Error("it is no regular file; expected one");
  if (size > MAX_LIST_BYTES) throw new Error(`it has ${size} bytes; expected at most ${MAX_LIST_BYTES}`);
  const text = await Deno.readTextFile(path);
  if (text.trim() === "") throw new Error(`it is empty; write [] for no targets`);
  return text;
}

function explain(error: unknown): string {
  switch (errorCode(error)) {
    case "ENOENT":
      return "the file does not exist";
    case "EACCES":
      return "this user may not read the file; change its permissions, or run as another user";
    default:
      return errorMessage(error);
  }
}
