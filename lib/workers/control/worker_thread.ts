import type { FromWorker, ToWorker } from "../channel/messages.ts";
import type { Sandbox } from "./sandbox.ts";

/** What the control plane hears of a thread. */
export interface ThreadObserver {
  message(message: FromWorker): void;
  /** It has ended by an error that nobody caught; it says nothing more. */
  died(error: Error): void;
}

export interface ThreadOptions {
  readonly name: string;
  readonly module: URL;
  readonly permissions: Sandbox;
  readonly observer: ThreadObserver;
}

/** One worker as its control plane sees it. */
export class WorkerThread {
  readonly #worker: Worker;
  readonly #observer: ThreadObserver;
  #isOver = false;

  /** Starts the thread. @throws what the runtime throws where the permissions are more than the process has. */
  constructor({ name, module, permissions, observer }: ThreadOptions) {
    this.#observer = observer;
    this.#worker = new Worker(module, { type: "module", name, deno: { permissions } });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>): void => {
      if (!this.#isOver) this.#observer.message(data);
    };
    this.#worker.onerror = (event): void => {
      // Without this, the end of a worker is the end of the process.
      event.preventDefault();
      if (this.#isOver) return;
      this.terminate();
      this.#observer.died(new Error(event.message));
    };
  }

  post(message: ToWorker): void {
    if (!this.#isOver) this.#worker.postMessage(message);
  }

  /** Ends the thread at once; idempotent. */
  terminate(): void {
    this.#isOver = true;
    this.#worker.terminate();
  }
}
