import type { Address } from "../base/mod.ts";
import type { WorkersObserver } from "./observer.ts";
import type { FromWorker } from "./messages.ts";
import { ToldError, toldSession } from "./records.ts";

/** What workers tell that is for whoever looks on. */
export type Told = Extract<
  FromWorker,
  { kind: "sessions" | "accept_paused" | "accept_resumed" | "dial_starved" | "defect" }
>;

/** Passes on what a worker tells, as if it had happened in this thread. `listeners` are that worker's. */
export function passOn(message: Told, listeners: readonly Address[], observer: WorkersObserver): void {
  const listener = (index: number): Address => listeners[index] ?? UNKNOWN;
  switch (message.kind) {
    case "sessions":
      for (const record of message.records) {
        observer.sessionEnded(toldSession(record, listener(record.listener)));
      }
      return;
    case "accept_paused":
      return observer.acceptPaused(listener(message.listener), new ToldError(message.error));
    case "accept_resumed":
      return observer.acceptResumed(listener(message.listener), message.pausedMs);
    case "dial_starved":
      return observer.dialStarved(message.app, new ToldError(message.error));
    case "defect":
      return observer.defect(new ToldError(message.error));
  }
}

/** A listener that a worker never told of; there is none. */
const UNKNOWN: Address = { kind: "unix", path: "" };
