import type { TargetRef } from "../../app/mod.ts";
import type { FromWorker } from "../channel/messages.ts";

/** How long a success may wait before it is sent. */
const WAIT_MS = 50;

/**
 * Reports the outcomes of connections to targets. Failures go at once. Successes are merged per target: they only
 * reset the count of failures, so one says as much as many.
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
    // Earlier outcomes must arrive first.
    this.flush();
    this.#post({ kind: "report", target, outcome });
  }

  /** Sends everything that waits. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const target of this.#succeeded.values()) {
      this.#post({ kind: "report", target, outcome: "succeeded" });
    }
    this.#succeeded.clear();
  }
}
