import type { SessionTally } from "../session/mod.ts";

/** Counts what happens in an app. Targets are named by their labels. Cheap; never throws. */
export interface AppTally extends SessionTally {
  /** A target has answered a dial, after so many milliseconds. */
  dialed(target: string, ms: number): void;
  /** @param code the errno name; `ETIMEDOUT` when the limit passed. */
  dialFailed(target: string, code: string): void;
  /** A health check of a target has ended. */
  checked(target: string, isGood: boolean): void;
  /** Passive health has ejected a target. */
  ejected(target: string): void;
  /** A discovery has got an answer, or none. */
  discovered(isGood: boolean): void;
}
