import { monotonicClock } from "../../../base/mod.ts";
import type { FromWorker, StartMessage, ToWorker } from "../../channel/messages.ts";
import type { Sandbox, SpareThread } from "../../spare_thread.ts";
import type { WorkerCaptures } from "../requests/worker_captures.ts";
import type { WorkersObserver } from "../workers_observer.ts";
import { Backoff } from "./backoff.ts";
import { WorkerEvents } from "./worker_events.ts";
import { WorkerThread } from "./worker_thread.ts";

/** What all slots of a config share. */
export interface WorkerSlotOptions {
  readonly module: URL;
  readonly permissions: Sandbox;
  /** Used for the first worker; default none. */
  readonly spare?: SpareThread | undefined;
  readonly observer: WorkersObserver;
  readonly captures: WorkerCaptures;
  /** Returns the current start message of a worker. */
  startMessage(worker: number): Omit<StartMessage, "nowMs" | "captures">;
  /** Called when a worker's thread has ended, by itself or by request; default nobody cleans up after it. */
  onGone?(worker: number): void;
}

/** Called with what becomes of the workers in a slot. */
export interface WorkerSlotObserver {
  message(slot: WorkerSlot, message: FromWorker): void;
  /** The worker crashed, or has not bound its listeners in time; {@link WorkerSlot.end} must follow. */
  died(slot: WorkerSlot, error: Error): void;
}

export type SlotState = "loading" | "loaded" | "binding" | "bound" | "serving" | "dead" | "ended";

/** How long a worker may take to bind its listeners before it counts as hung. */
const START_LIMIT_MS = 30_000;

/** A slot for one worker and its successors. It owns the worker's thread. */
export class WorkerSlot {
  /** From 0. */
  readonly number: number;
  readonly #observer: WorkerSlotObserver;
  readonly #options: WorkerSlotOptions;
  readonly #backoff = new Backoff();
  #state: SlotState = "loading";
  #thread: WorkerThread | undefined;
  #events: WorkerEvents;
  #bornMs = 0;
  /** Limits the start of a worker, or starts its successor. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Starts nothing. */
  constructor(number: number, observer: WorkerSlotObserver, options: WorkerSlotOptions) {
    this.number = number;
    this.#observer = observer;
    this.#options = options;
    this.#events = new WorkerEvents(options.observer);
  }

  get state(): SlotState {
    return this.#state;
  }

  /** Whether the worker has had its start message; one that has not gets the current state with it. */
  get hasStarted(): boolean {
    return this.#state !== "loading" && this.#state !== "loaded" && this.#state !== "dead";
  }

  /** Whether the last worker has died or ended. */
  get isOver(): boolean {
    return this.#state === "ended" || this.#state === "dead";
  }

  get thread(): WorkerThread | undefined {
    return this.#thread;
  }

  /** The events of the current worker. */
  get events(): WorkerEvents {
    return this.#events;
  }

  /** Starts the thread of a worker, which loads its modules. */
  spawn(): void {
    const { module, permissions, observer } = this.#options;
    const spare = this.#options.spare?.take();
    const died = (error: Error): void => this.#observer.died(this, error);
    this.#state = "loading";
    this.#events = new WorkerEvents(observer);
    this.#bornMs = monotonicClock.nowMs();
    this.#timer = setTimeout(
      () => died(new Error(`not started within ${START_LIMIT_MS / 1000} s`)),
      START_LIMIT_MS,
    );
    try {
      this.#thread = new WorkerThread({
        name: `worker ${this.number + 1}`,
        module,
        permissions,
        observer: {
          message: (message) => this.#observer.message(this, message),
          died,
        },
        spare,
      });
      if (spare !== undefined) this.#thread.replay(spare.messages);
    } catch (error) {
      died(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Starts another worker after the last one has died. Returns the pause before that, in milliseconds. */
  respawn(): number {
    const delayMs = this.#backoff.next(monotonicClock.nowMs() - this.#bornMs);
    this.#timer = setTimeout(() => this.spawn(), delayMs);
    return delayMs;
  }

  /** The worker has loaded its modules, and waits for its start message. */
  loaded(): void {
    this.#state = "loaded";
  }

  /** Has a loaded worker bind its listeners. */
  bind(): void {
    this.#state = "binding";
    const thread = this.#thread;
    if (thread === undefined) return;
    thread.post({
      ...this.#options.startMessage(this.number),
      captures: this.#options.captures.ordersFor(thread),
      nowMs: monotonicClock.nowMs(),
    });
  }

  /** The worker has bound its listeners. */
  bound(): void {
    this.#state = "bound";
    clearTimeout(this.#timer);
  }

  /** Has a worker that has bound its listeners accept. */
  serve(): void {
    this.#state = "serving";
    this.post({ kind: "accept" });
  }

  post(message: ToWorker): void {
    this.#thread?.post(message);
  }

  /** From now on, the worker's start has no limit, and no successor starts. */
  stopTimer(): void {
    clearTimeout(this.#timer);
  }

  /** Ends the thread at once, if there is one. */
  end(as: "dead" | "ended"): void {
    const thread = this.#thread;
    this.#thread = undefined;
    if (thread !== undefined) {
      thread.terminate();
      this.#options.captures.lost(thread);
      this.#options.onGone?.(this.number);
    }
    this.#state = as;
  }
}
