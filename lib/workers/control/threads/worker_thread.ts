import { errorMessage } from "../../../base/mod.ts";
import { hasSpareDescriptors } from "../../../net/mod.ts";
import { StartError } from "../../../proxy/mod.ts";
import type { FromWorker, ToWorker } from "../../channel/messages.ts";
import { type Sandbox, type SpareWorker, THREAD_DESCRIPTORS } from "../../spare_thread.ts";

/** Receives the events of a worker thread. */
export interface ThreadObserver {
  message(message: FromWorker): void;
  /** The thread ended with an uncaught error; no message follows. */
  died(error: Error): void;
}

export interface ThreadOptions {
  readonly name: string;
  readonly module: URL;
  readonly permissions: Sandbox;
  readonly observer: ThreadObserver;
  /** A thread with that module and those permissions, to be used instead of a new one; default none. */
  readonly spare?: SpareWorker | undefined;
}

/** A worker thread, as the control plane holds it. */
export class WorkerThread {
  readonly #worker: Worker;
  readonly #observer: ThreadObserver;
  #isOver = false;

  /**
   * Starts the thread.
   *
   * @throws the runtime's error where the permissions exceed those of the process.
   * @throws {StartError} where it has too few descriptors for a thread: the runtime would end the process.
   */
  constructor({ name, module, permissions, observer, spare }: ThreadOptions) {
    this.#observer = observer;
    if (spare === undefined && !hasSpareDescriptors(THREAD_DESCRIPTORS)) {
      throw new StartError(
        `start workers: out of file descriptors: a worker takes up to ${THREAD_DESCRIPTORS}; ` +
          "raise the limit (ulimit -n)",
      );
    }
    this.#worker = spare?.worker ?? new Worker(module, { type: "module", name, deno: { permissions } });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>): void => {
      if (!this.#isOver) this.#take(data);
    };
    this.#worker.onerror = (event): void => {
      // Without this, a worker's crash would end the process.
      event.preventDefault();
      if (this.#isOver) return;
      this.terminate();
      this.#observer.died(new Error(event.message));
    };
  }

  /** Hands on what a spare thread has sent before. */
  replay(messages: readonly FromWorker[]): void {
    for (const message of messages) if (!this.#isOver) this.#take(message);
  }

  /** A worker under hostile control can send anything: that ends the worker, and must not end the control plane. */
  #take(message: FromWorker): void {
    try {
      this.#observer.message(message);
    } catch (error) {
      this.terminate();
      this.#observer.died(
        new Error(`it sent a message that cannot be read: ${errorMessage(error)}`, { cause: error }),
      );
    }
  }

  post(message: ToWorker): void {
    if (!this.#isOver) this.#worker.postMessage(message);
  }

  /** Ends the thread at once. Idempotent. */
  terminate(): void {
    this.#isOver = true;
    this.#worker.terminate();
  }
}
