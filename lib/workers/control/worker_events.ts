import { type Address, monotonicClock } from "../../base/mod.ts";
import type { WorkersObserver } from "./workers_observer.ts";
import type { FromWorker } from "../channel/messages.ts";
import { endedSession, WorkerError } from "../channel/records.ts";

/** What workers tell that is for whoever looks on. */
export type WorkerEvent = Extract<
  FromWorker,
  { kind: "sessions" | "accept_paused" | "accept_resumed" | "dial_starved" | "leads_back" | "defect" }
>;

/** Passes on what one worker tells, as if it had happened in this thread. */
export class WorkerEvents {
  /** The worker's, by the index that its messages name them by. */
  listeners: readonly Address[] = [];
  readonly #observer: WorkersObserver;
  /** Listeners whose accepting pauses, and since when. */
  readonly #paused = new Map<Address, number>();

  constructor(observer: WorkersObserver) {
    this.#observer = observer;
  }

  relay(message: WorkerEvent): void {
    const observer = this.#observer;
    switch (message.kind) {
      case "sessions":
        for (const record of message.records) {
          observer.sessionEnded(endedSession(record, this.#listener(record.listener)));
        }
        return;
      case "accept_paused": {
        const listener = this.#listener(message.listener);
        this.#paused.set(listener, monotonicClock.nowMs());
        return observer.acceptPaused(listener, new WorkerError(message.error));
      }
      case "accept_resumed": {
        const listener = this.#listener(message.listener);
        this.#paused.delete(listener);
        return observer.acceptResumed(listener, message.pausedMs);
      }
      case "dial_starved":
        return observer.dialStarved(message.app, new WorkerError(message.error));
      case "leads_back":
        return observer.targetLeadsBack(message.app, { label: message.target }, message.way);
      case "defect":
        return observer.defect(new WorkerError(message.error));
    }
  }

  /** Ends what the worker, which is dead, can no longer end: a listener that is gone does not pause. */
  close(): void {
    for (const [listener, sinceMs] of this.#paused) {
      this.#observer.acceptResumed(listener, monotonicClock.nowMs() - sinceMs);
    }
    this.#paused.clear();
  }

  #listener(index: number): Address {
    return this.listeners[index] ?? UNKNOWN;
  }
}

/** A listener that a worker never told of; there is none. */
const UNKNOWN: Address = { kind: "unix", path: "" };
