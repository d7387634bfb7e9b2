import type { TargetRef } from "../../app/mod.ts";
import type { FromWorker } from "../channel/messages.ts";

/** How long a success may wait to be told. */
const WAIT_MS = 50;

/**
 * Tells how connections to targets went. Failures go at once. Of the successes that come between them, one a target and
 * moment says as much as all: they only begin the count of failures anew.
 */
export class OutcomeBatcher {
  readonly #post: (message: FromWorker) => void;
  readonly #succeeded = new Map<string, TargetRef>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(post: (message: FromWorker) => void) {
    this.#post = post;
  }

  add(target: TargetRef, outcome: "succeeded" | "failed"): void {
    if (outcome === "succeeded") {
      this.#succeeded.set(`${target.app} ${target.pool} ${target.index} ${target.label}`, target);
      this.#timer ??= setTimeout(() => this.flush(), WAIT_MS);
      return;
    }
    // What came before it must be heard before it.
    this.flush();
    this.#post({ kind: "report", target, outcome });
  }

  /** Tells of all that wait. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const target of this.#succeeded.values()) {
      this.#post({ kind: "report", target, outcome: "succeeded" });
    }
    this.#succeeded.clear();
  }
}
