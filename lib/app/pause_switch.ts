/** Whether an app accepts connections. */
export class PauseSwitch {
  #paused: PromiseWithResolvers<void> | undefined;

  get isPaused(): boolean {
    return this.#paused !== undefined;
  }

  /** Resolves when the app accepts again; `undefined` while it does. */
  get resumed(): Promise<void> | undefined {
    return this.#paused?.promise;
  }

  set(isPaused: boolean): void {
    if (isPaused) {
      this.#paused ??= Promise.withResolvers();
      return;
    }
    this.#paused?.resolve();
    this.#paused = undefined;
  }
}
