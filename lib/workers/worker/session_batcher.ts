import type { FromWorker, SessionRecord } from "../channel/messages.ts";

/** How long the end of a session may wait to be told, and how many may wait. */
const WAIT_MS = 50;
const BATCH = 256;

/** Tells of sessions in batches: a message costs about as much for one as for a hundred. */
export class SessionBatcher {
  readonly #post: (message: FromWorker) => void;
  #records: SessionRecord[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(post: (message: FromWorker) => void) {
    this.#post = post;
  }

  add(record: SessionRecord): void {
    this.#records.push(record);
    if (this.#records.length >= BATCH) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), WAIT_MS);
  }

  /** Tells of all that wait. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#records.length === 0) return;
    this.#post({ kind: "sessions", records: this.#records });
    this.#records = [];
  }
}
