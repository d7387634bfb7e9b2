/** Passes entries on to listeners as they come. Without a listener, publishing is not needed and costs nothing. */
export class Feed<Entry> {
  readonly #listeners = new Set<(entry: Entry) => void>();
  #onDemand: ((isWanted: boolean) => void) | undefined;

  /** Whether anyone listens; otherwise a caller need not create an entry. */
  get isWanted(): boolean {
    return this.#listeners.size > 0;
  }

  /** Called when the first listener arrives and when the last one leaves; there is one such observer. */
  set onDemand(observer: (isWanted: boolean) => void) {
    this.#onDemand = observer;
    if (this.isWanted) observer(true);
  }

  /** Calls `listener` with each entry until the returned object is disposed of. It must not throw. */
  listen(listener: (entry: Entry) => void): Disposable {
    // A function of its own, so that one that listens twice counts twice.
    const own = (entry: Entry): void => listener(entry);
    this.#listeners.add(own);
    if (this.#listeners.size === 1) this.#onDemand?.(true);
    return {
      [Symbol.dispose]: (): void => {
        if (this.#listeners.delete(own) && !this.isWanted) this.#onDemand?.(false);
      },
    };
  }

  publish(entry: Entry): void {
    for (const listener of this.#listeners) listener(entry);
  }
}
