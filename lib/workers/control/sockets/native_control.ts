import type { Address } from "../../../base/mod.ts";
import type { Config } from "../../../config/mod.ts";
import {
  nativeProblem,
  type NativeTransport,
  openNativeTransport,
  type SocketHandle,
} from "../../../net/mod.ts";
import { StartError } from "../../../proxy/mod.ts";
import type { WorkersObserver } from "../workers_observer.ts";

/** How long a terminated thread may still run; until then its descriptors stay open. */
const LAST_STEPS_MS = 100;

/** The control plane's part of the native engine: listens, and cleans up after workers. */
export class NativeControl {
  readonly #transport: NativeTransport;
  /** The descriptors of each worker, by its share. */
  readonly #descriptors = new Map<number, SharedArrayBuffer>();
  #ended: Promise<void> | undefined;
  readonly #leftovers = new Map<SharedArrayBuffer, ReturnType<typeof setTimeout>>();

  /**
   * Opens the control plane's sockets.
   *
   * @param handles sockets that were passed to this process, by address; default none.
   * @throws {StartError} where the native engine is unavailable; it says why, and what to do.
   */
  static async open(handles?: ReadonlyMap<string, SocketHandle>): Promise<NativeControl> {
    const problem = nativeProblem();
    if (problem !== undefined) throw unavailable(problem);
    try {
      return new NativeControl(await openNativeTransport({ handles }));
    } catch (error) {
      throw unavailable("the C library cannot be used", error);
    }
  }

  private constructor(transport: NativeTransport) {
    this.#transport = transport;
  }

  get transport(): NativeTransport {
    return this.#transport;
  }

  /** Whether the socket of an address was passed to this process. */
  isPassed(address: Address): boolean {
    return this.#transport.isOpen(address);
  }

  /** Reports apps that want Multipath TCP where the kernel has none. */
  checkMultipath({ apps }: Config, observer: Pick<WorkersObserver, "multipathMissing">): void {
    const names = apps.filter(({ listenSockets, dialSockets }) => listenSockets.mptcp || dialSockets.mptcp)
      .map(({ name }) => name);
    const problem = names.length === 0 ? undefined : this.#transport.multipathProblem();
    if (problem !== undefined) observer.multipathMissing(names, problem);
  }

  /** Returns where a worker that starts notes its descriptors. */
  begin(share: number): SharedArrayBuffer {
    const memory = this.#transport.allocate();
    this.#descriptors.set(share, memory);
    return memory;
  }

  /** Closes what an ended worker has left open, once its thread has surely ended. */
  gone(share: number): void {
    const memory = this.#descriptors.get(share);
    if (memory === undefined) return;
    this.#descriptors.delete(share);
    this.#leftovers.set(memory, setTimeout(() => this.#close(memory), LAST_STEPS_MS));
  }

  /** Closes everything that is left. All workers must have ended, and all listening sockets be closed. Idempotent. */
  end(): Promise<void> {
    return this.#ended ??= this.#end();
  }

  async #end(): Promise<void> {
    for (const share of [...this.#descriptors.keys()]) this.gone(share);
    for (const [memory, timer] of [...this.#leftovers]) {
      clearTimeout(timer);
      this.#close(memory);
    }
    await this.#transport.end();
  }

  #close(memory: SharedArrayBuffer): void {
    this.#leftovers.delete(memory);
    this.#transport.closeAll(memory);
  }
}

function unavailable(why: string, cause?: unknown): StartError {
  return new StartError(`engine "native": ${why}, or set "engine: runtime"`, { cause });
}
