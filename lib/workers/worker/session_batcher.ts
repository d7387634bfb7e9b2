import type { FromWorker, SessionRecord } from "../channel/messages.ts";

/** How long an ended session may wait before it is sent, and how many may wait. */
const WAIT_MS = 50;
const BATCH = 256;

/** Sends ended sessions in batches: a message with a hundred costs about as much as one with a single session. */
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

  /** Sends everything that waits. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#records.length === 0) return;
    this.#post({ kind: "sessions", records: this.#records });
    this.#records = [];
  }
}
