import { type Address, monotonicClock } from "../../../base/mod.ts";
import type { WorkersObserver } from "../workers_observer.ts";
import type { FromWorker } from "../../channel/messages.ts";
import { WorkerError } from "../../channel/records.ts";
import { unpackSessions } from "../../channel/session_rows.ts";

/** The messages of workers that are meant for the observer. */
export type WorkerEvent = Extract<
  FromWorker,
  {
    kind:
      | "sessions"
      | "accept_paused"
      | "accept_resumed"
      | "dial_starved"
      | "leads_back"
      | "socket_file"
      | "defect";
  }
>;

/** Passes one worker's events to the observer, as if they had happened in this thread. */
export class WorkerEvents {
  /** The worker's listeners, by the index that its messages use. */
  listeners: readonly Address[] = [];
  readonly #observer: WorkersObserver;
  /** The listeners that have paused accepting, and since when. */
  readonly #paused = new Map<Address, number>();

  constructor(observer: WorkersObserver) {
    this.#observer = observer;
  }

  relay(message: WorkerEvent): void {
    const observer = this.#observer;
    switch (message.kind) {
      case "sessions":
        for (const session of unpackSessions(message.sessions, this.#listener)) {
          if (session.reason === undefined) observer.sessionActive?.(session);
          else observer.sessionEnded(session);
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
      case "socket_file":
        return observer.socketFileChanged(message.app, message.path, message.change);
      case "defect":
        return observer.defect(new WorkerError(message.error));
    }
  }

  /** Closes the open episodes of a dead worker: a listener that is gone is not paused. */
  close(): void {
    for (const [listener, sinceMs] of this.#paused) {
      this.#observer.acceptResumed(listener, monotonicClock.nowMs() - sinceMs);
    }
    this.#paused.clear();
  }

  readonly #listener = (index: number): Address => {
    return this.listeners[index] ?? UNKNOWN;
  };
}

/** Stands for a listener that the worker never announced; none is known. */
const UNKNOWN: Address = { kind: "unix", path: "" };
