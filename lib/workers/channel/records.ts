import { errorCode, errorMessage } from "../../base/mod.ts";
import type { ErrorRecord } from "./messages.ts";

/** Converts an error to plain data for another thread. */
export function errorRecord(error: unknown): ErrorRecord {
  return {
    message: errorMessage(error),
    code: errorCode(error),
    stack: error instanceof Error ? error.stack : undefined,
  };
}

/** An error received from another thread; `errorCode` reads its code. */
export class WorkerError extends Error {
  override readonly name = "WorkerError";
  readonly code: string;

  constructor({ message, code, stack }: ErrorRecord) {
    super(message);
    this.code = code;
    if (stack !== undefined) this.stack = stack;
  }
}
