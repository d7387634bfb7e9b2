/**
 * A thread for a worker of the native engine, started while the program still reads its config. A door of its own: it
 * loads nothing else of this room.
 *
 * @module
 */
import { hasSpareDescriptors } from "../net/mod.ts";
import type { FromWorker } from "./channel/messages.ts";

/** The permissions of a worker; the runtime refuses everything else, whatever the code tries. */
export interface Sandbox {
  /** Addresses to listen on and to dial: the runtime has one list for both. */
  readonly net: string[] | "inherit" | false;
  readonly read: string[] | false;
  readonly write: string[] | false;
  readonly env: false;
  /** A library may do anything to the process: only workers that need one have it. */
  readonly ffi: boolean;
  readonly import: false;
  readonly run: false;
  readonly sys: false;
}

/** The C library has all that a worker of the native engine does: the runtime may refuse it everything else. */
export const NATIVE_SANDBOX: Sandbox = {
  net: false,
  read: false,
  write: false,
  env: false,
  ffi: true,
  import: false,
  run: false,
  sys: false,
};

/** The module that workers run. */
export const WORKER_MODULE: URL = new URL("./worker/entry.ts", import.meta.url);

/** What a thread of the runtime takes, with the native engine in it; its sessions come on top. */
export const THREAD_DESCRIPTORS = 20;

/** What has arrived from a thread before it had an owner. */
export interface SpareWorker {
  readonly worker: Worker;
  readonly messages: readonly FromWorker[];
}

/** A thread that loads {@link WORKER_MODULE} with {@link NATIVE_SANDBOX}. Whoever needs such a worker first takes it. */
export class SpareThread implements Disposable {
  readonly #messages: FromWorker[] = [];
  #worker: Worker | undefined;

  /** Starts the thread, unless descriptors are short. Never throws: who takes none starts one, and says what is wrong. */
  constructor(module: URL = WORKER_MODULE) {
    if (!hasSpareDescriptors(THREAD_DESCRIPTORS)) return;
    try {
      const worker = new Worker(module, {
        type: "module",
        name: "worker 1",
        deno: { permissions: NATIVE_SANDBOX },
      });
      worker.onmessage = ({ data }: MessageEvent<FromWorker>): void => void this.#messages.push(data);
      worker.onerror = (event): void => {
        event.preventDefault();
        this[Symbol.dispose]();
      };
      this.#worker = worker;
    } catch {
      // The process may lack a permission.
    }
  }

  /** Gives the thread away, once; `undefined` if it is gone. */
  take(): SpareWorker | undefined {
    const worker = this.#worker;
    this.#worker = undefined;
    return worker && { worker, messages: this.#messages };
  }

  /** Ends the thread, unless it was taken. */
  [Symbol.dispose](): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}
