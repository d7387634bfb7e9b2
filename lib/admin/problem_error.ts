import type { ProblemStatus } from "./responses.ts";

/** A request that a route cannot carry out: thrown by what reads it, and answered as a problem. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly status: ProblemStatus;

  /** @param detail the fault, and what to do about it. */
  constructor(status: ProblemStatus, detail: string) {
    super(detail);
    this.status = status;
  }
}
