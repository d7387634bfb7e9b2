import type { EndedSession } from "../../session/mod.ts";
import type { FromWorker } from "../channel/messages.ts";
import { joinSessions, packSession } from "../channel/session_rows.ts";

/** How long an ended session may wait before it is sent, and how many may wait. */
const WAIT_MS = 50;
const BATCH = 256;

/** Sends ended sessions in batches: a message with a hundred costs about as much as one with a single session. */
export class SessionBatcher {
  readonly #post: (message: FromWorker) => void;
  #packed: string[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(post: (message: FromWorker) => void) {
    this.#post = post;
  }

  /** Takes a session; `listener` is the index of its listener. */
  add(session: EndedSession, listener: number): void {
    this.#packed.push(packSession(session, listener));
    if (this.#packed.length >= BATCH) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), WAIT_MS);
  }

  /** Sends everything that waits. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#packed.length === 0) return;
    this.#post({ kind: "sessions", sessions: joinSessions(this.#packed) });
    this.#packed = [];
  }
}

/** Whether the operational log may mention the session. */
export function isNotable({ reason, error, detail }: EndedSession): boolean {
  return reason === "no_target" || error !== undefined || detail !== "";
}
