import { errorMessage } from "../../../base/mod.ts";
import { hasSpareDescriptors } from "../../../net/mod.ts";
import { StartError } from "../../../proxy/mod.ts";
import type { FromWorker, ToWorker } from "../../channel/messages.ts";
import type { Sandbox } from "./sandbox.ts";

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
}

/** What a thread of the runtime takes, with the native engine in it; its sessions come on top. */
const DESCRIPTORS = 20;

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
  constructor({ name, module, permissions, observer }: ThreadOptions) {
    this.#observer = observer;
    if (!hasSpareDescriptors(DESCRIPTORS)) {
      throw new StartError(
        `start workers: out of file descriptors: a worker takes up to ${DESCRIPTORS}; raise the limit (ulimit -n)`,
      );
    }
    this.#worker = new Worker(module, { type: "module", name, deno: { permissions } });
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
