import { CaptureFile } from "./capture_file.ts";
import { CaptureMemory } from "./capture_memory.ts";
import { type CaptureOrder, type CaptureRequest, MAX_CAPTURES } from "./order.ts";

/** The result of a request for a capture. */
export type CaptureStart =
  | { readonly kind: "begun"; readonly file: CaptureFile }
  | { readonly kind: "unknown_session" }
  /** {@link MAX_CAPTURES} are running. */
  | { readonly kind: "too_many" };

/** The threads that carry sessions. */
export interface CaptureThreads {
  /**
   * Begins a capture in all threads, each of which joins the file. Resolves with `false` where it is one of a session
   * that no thread has.
   */
  begin(order: CaptureOrder, file: CaptureFile): boolean | Promise<boolean>;
}

/** The captures of a proxy. */
export class CaptureFiles {
  readonly #threads: CaptureThreads;
  readonly #open = new Set<CaptureFile>();
  #last = 0;

  constructor(threads: CaptureThreads) {
    this.#threads = threads;
  }

  /** Begins a capture; its file's stream is the caller's, who reads it or cancels it. */
  async begin(request: CaptureRequest): Promise<CaptureStart> {
    if (this.#open.size >= MAX_CAPTURES) return { kind: "too_many" };
    const { subject, resolution, count } = request;
    const memory = CaptureMemory.allocate(count);
    const file = new CaptureFile({ request, memory: new CaptureMemory(memory) });
    this.#open.add(file);
    // Never rejects.
    void file.done.then(() => this.#open.delete(file));
    if (await this.#threads.begin({ capture: ++this.#last, subject, resolution, memory }, file)) {
      return { kind: "begun", file };
    }
    await file.stream.cancel();
    return { kind: "unknown_session" };
  }

  /** Ends all captures; their readers get them complete. */
  stop(): void {
    for (const file of this.#open) file.end("proxy stopping");
  }
}
