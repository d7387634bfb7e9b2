/** How long anything may take to arrive. */
const PATIENCE_MS = 30_000;

/** Tells those who wait for something to arrive to look again. */
export class Arrivals {
  #waiting: (() => void)[] = [];

  /** Something has arrived. */
  tell(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Resolves with what `find` finds, which looks whenever something arrives; rejects with what is there after 30 s. */
  async find<T>(find: () => T | undefined, shown: () => unknown): Promise<T> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Error(`arrivals: not among ${JSON.stringify(shown(), undefined, 1)}`)),
      PATIENCE_MS,
    );
    try {
      for (;;) {
        const found = find();
        if (found !== undefined) return found;
        await Promise.race([new Promise<void>((resolve) => this.#waiting.push(resolve)), late.promise]);
      }
    } finally {
      clearTimeout(timer);
    }
  }
}
