import type { CaptureFile } from "./capture_file.ts";
import { CaptureFiles, type CaptureStart, type CaptureThreads } from "./capture_files.ts";
import type { CaptureOrder, CaptureRequest } from "./order.ts";
import { ThreadCaptures, type ThreadCapturesOptions } from "./thread_captures.ts";

/** The captures of a proxy in this thread. */
export class LocalCaptures implements CaptureThreads {
  /** The taps; a worker's are led from another thread. */
  readonly thread: ThreadCaptures;
  readonly #files: CaptureFiles = new CaptureFiles(this);

  constructor(options: ThreadCapturesOptions) {
    this.thread = new ThreadCaptures(options);
  }

  start(request: CaptureRequest): Promise<CaptureStart> {
    return this.#files.begin(request);
  }

  begin(order: CaptureOrder, file: CaptureFile): boolean {
    return this.thread.begin(order, file.join({ end: () => this.thread.end(order.capture) }));
  }

  /** Ends all captures; their readers get them complete. */
  stop(): void {
    this.#files.stop();
    this.thread.stop();
  }
}
