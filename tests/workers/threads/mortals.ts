/** The module of workers that die when a test wants it. */
export const MORTAL = new URL("./mortal_entry.ts", import.meta.url);

/** Holds back what workers say when they have loaded. */
export interface HeldWorkers {
  /** Resolves when the worker with this number has loaded, and its control plane knows. */
  loaded(number: number): Promise<void>;
  release(): void;
}

/**
 * Runs `use` with ways to have workers that are started meanwhile die, or wait once loaded, by their order from 0; each is
 * a {@link MORTAL}.
 */
export async function withMortals(
  use: (kill: (number: number) => void, hold: (numbers: number[]) => HeldWorkers) => Promise<void>,
): Promise<void> {
  const workers: Worker[] = [];
  const held = new Map<Worker, unknown>();
  let toHold: readonly number[] = [];
  let onLoaded: (() => void) | undefined;
  let awaited = -1;
  const original = globalThis.Worker;
  globalThis.Worker = class extends original {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args);
      const number = workers.push(this) - 1;
      this.addEventListener("message", (event) => {
        if (event.data?.kind === "loaded" && toHold.includes(number)) {
          event.stopImmediatePropagation();
          held.set(this, event.data);
        }
        // After the others that hear of it.
        if (event.data?.kind === "loaded" && number === awaited) setTimeout(() => onLoaded?.());
        if (event.data !== "dead") return;
        event.stopImmediatePropagation();
        this.terminate();
        // What the runtime dispatches for an uncaught error.
        this.dispatchEvent(new ErrorEvent("error", { message: "Uncaught Error: die", cancelable: true }));
      });
    }
  };
  try {
    await use((number) => workers[number]?.postMessage("die"), (numbers) => {
      toHold = numbers;
      return {
        loaded: (number) =>
          new Promise((resolve) => {
            awaited = number;
            onLoaded = resolve;
          }),
        release: () => {
          toHold = [];
          for (const [worker, data] of held) worker.dispatchEvent(new MessageEvent("message", { data }));
        },
      };
    });
  } finally {
    globalThis.Worker = original;
  }
}
