import { type Address, errorCode, errorMessage } from "../../base/mod.ts";
import type { EndedSession } from "../../session/mod.ts";
import type { ErrorRecord, SessionRecord } from "./messages.ts";

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

/** Converts an ended session to plain data for another thread. */
export function sessionRecord(session: EndedSession, listener: number): SessionRecord {
  return {
    id: session.id,
    app: session.app.name,
    listener,
    client: session.client,
    sni: session.sni,
    detail: session.detail,
    fields: session.fields,
    target: session.target?.label,
    reason: session.reason,
    bytesUp: session.up.bytes,
    bytesDown: session.down.bytes,
    durationMs: session.endedMs - session.startedMs,
    endedAtMs: Date.now(),
    measures: session.measures,
    connectMs: session.connectMs,
    tries: session.tries,
    failures: session.failures.map(({ target, code, message }) => ({ target: target.label, code, message })),
    error: session.error === undefined ? undefined : errorRecord(session.error),
  };
}

/** Whether the operational log may mention the session. */
export function isNotable({ reason, error, detail }: EndedSession): boolean {
  return reason === "no_target" || error !== undefined || detail !== "";
}

/** Restores a session received from another thread. */
export function endedSession(record: SessionRecord, listener: Address): EndedSession {
  return {
    id: record.id,
    app: { name: record.app },
    listener,
    client: record.client,
    sni: record.sni,
    detail: record.detail,
    fields: record.fields,
    target: record.target === undefined ? undefined : { label: record.target },
    reason: record.reason,
    up: { bytes: record.bytesUp },
    down: { bytes: record.bytesDown },
    startedMs: 0,
    endedMs: record.durationMs,
    endedAtMs: record.endedAtMs,
    measures: record.measures,
    connectMs: record.connectMs,
    tries: record.tries,
    failures: record.failures.map(({ target, code, message }) => ({
      target: { label: target },
      code,
      message,
    })),
    error: record.error === undefined ? undefined : new WorkerError(record.error),
  };
}
