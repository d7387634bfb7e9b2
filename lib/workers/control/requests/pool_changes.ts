import type { PoolRef } from "../../../app/mod.ts";

/**
 * The pools with changes that workers do not know yet. One DNS answer changes many targets, so these go to workers once
 * a task.
 */
export class PoolChanges {
  readonly #post: (pool: PoolRef) => void;
  readonly #changed = new Map<string, PoolRef>();
  #isHeld = false;

  /** @param post sends the targets of a pool to the workers. */
  constructor(post: (pool: PoolRef) => void) {
    this.#post = post;
  }

  /** Notes that a pool has changed; it is sent when this task ends. */
  note(pool: PoolRef): void {
    const isFirst = this.#changed.size === 0;
    this.#changed.set(`${pool.app} ${pool.pool}`, pool);
    if (isFirst && !this.#isHeld) queueMicrotask(() => this.send());
  }

  /** Sends what has changed, unless it is held back. */
  send(): void {
    if (this.#isHeld) return;
    for (const pool of this.#changed.values()) this.#post(pool);
    this.#changed.clear();
  }

  /** Holds back all changes until {@link PoolChanges.release}. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Sends the changes that were held back, and later ones as they come. */
  release(): void {
    this.#isHeld = false;
    this.send();
  }
}
