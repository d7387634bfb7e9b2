import { Backoff } from "./backoff.ts";
import type { WorkersObserver } from "../workers_observer.ts";
import { WorkerEvents } from "./worker_events.ts";
import type { WorkerThread } from "./worker_thread.ts";

/** A slot for one worker and its successors. */
export interface WorkerSlot {
  readonly number: number;
  readonly backoff: Backoff;
  thread: WorkerThread | undefined;
  state: "loading" | "loaded" | "binding" | "bound" | "serving" | "dead" | "ended";
  bornMs: number;
  /** The events of the current worker. */
  events: WorkerEvents;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** A slot whose first worker is yet to start. */
export function emptySlot(number: number, observer: WorkersObserver): WorkerSlot {
  return {
    number,
    backoff: new Backoff(),
    thread: undefined,
    state: "loading",
    bornMs: 0,
    events: new WorkerEvents(observer),
    timer: undefined,
  };
}

/** Whether the slot's worker has had its start message; one that has not gets the current state with it. */
export function hasStarted({ state }: WorkerSlot): boolean {
  return state !== "loading" && state !== "loaded" && state !== "dead";
}
