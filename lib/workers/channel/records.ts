import { type Address, errorCode, errorMessage } from "../../base/mod.ts";
import type { EndedSession } from "../../session/mod.ts";
import type { ErrorRecord, SessionRecord } from "./messages.ts";

/** An error as it can be told another thread. */
export function errorRecord(error: unknown): ErrorRecord {
  return {
    message: errorMessage(error),
    code: errorCode(error),
    stack: error instanceof Error ? error.stack : undefined,
  };
}

/** An error that another thread told of: its code is what `errorCode` reads. */
export class WorkerError extends Error {
  override readonly name = "WorkerError";
  readonly code: string;

  constructor({ message, code, stack }: ErrorRecord) {
    super(message);
    this.code = code;
    if (stack !== undefined) this.stack = stack;
  }
}

/** A session as it can be told another thread. */
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
    connectMs: session.connectMs,
    tries: session.tries,
    failures: session.failures.map(({ target, code, message }) => ({ target: target.label, code, message })),
    error: session.error === undefined ? undefined : errorRecord(session.error),
  };
}

/** Whether the operational log may have to speak of a session. */
export function isNotable({ reason, error, detail }: EndedSession): boolean {
  return reason === "no_target" || error !== undefined || detail !== "";
}

/** A session that another thread told of. */
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
