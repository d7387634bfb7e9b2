/**
 * Sessions on their way to another thread. Each connection is one, so they travel as rows of JSON: making and reading them
 * takes both threads a third of the time that copies of objects take.
 *
 * @module
 */
import type { Address, Reason, SessionMeasures } from "../../base/mod.ts";
import type { EndedSession, LogField } from "../../session/mod.ts";
import type { ErrorRecord } from "./messages.ts";
import { errorRecord, WorkerError } from "./records.ts";

/** An ended session or, without a reason, one that lasts. */
type SessionRow = readonly [
  id: number,
  app: string,
  /** The index of its listener. */
  listener: number,
  client: Address,
  target: string | null,
  reason: Reason | null,
  bytesUp: number,
  bytesDown: number,
  durationMs: number,
  /** In milliseconds since the Unix epoch. */
  endedAtMs: number,
  connectMs: number | null,
  tries: number,
  detail: string,
  sni: string | null,
  fields: readonly LogField[] | null,
  measures: SessionMeasures | null,
  failures: readonly (readonly [target: string, code: string, message: string])[] | null,
  error: ErrorRecord | null,
];

function sessionRow(session: EndedSession, listener: number): SessionRow {
  const { failures, error } = session;
  return [
    session.id,
    session.app.name,
    listener,
    session.client,
    session.target?.label ?? null,
    session.reason ?? null,
    session.up.bytes,
    session.down.bytes,
    session.endedMs - session.startedMs,
    Date.now(),
    session.connectMs ?? null,
    session.tries,
    session.detail,
    session.sni ?? null,
    session.fields ?? null,
    session.measures ?? null,
    failures.length === 0 ? null : failures.map(({ target, code, message }) => [target.label, code, message]),
    error === undefined ? null : errorRecord(error),
  ];
}

/** Packs a session for {@link joinSessions}. At once: a text lives on at less cost than what it is made of. */
export function packSession(session: EndedSession, listener: number): string {
  return JSON.stringify(sessionRow(session, listener));
}

/** Joins packed sessions to what {@link unpackSessions} takes. */
export function joinSessions(packed: readonly string[]): string {
  return `[${packed.join(",")}]`;
}

/**
 * Restores what another thread has packed.
 *
 * @param listener returns the address of a listener by its index.
 */
export function unpackSessions(text: string, listener: (index: number) => Address): EndedSession[] {
  const rows: SessionRow[] = JSON.parse(text);
  return rows.map((row) => endedSession(row, listener));
}

/** Shared by all sessions without failures; never written to. */
const NO_FAILURES: EndedSession["failures"] = [];

function endedSession(row: SessionRow, listener: (index: number) => Address): EndedSession {
  const [
    id,
    app,
    index,
    client,
    target,
    reason,
    bytesUp,
    bytesDown,
    durationMs,
    endedAtMs,
    connectMs,
    tries,
    detail,
    sni,
    fields,
    measures,
    failures,
    error,
  ] = row;
  return {
    id,
    app: { name: app },
    listener: listener(index),
    client,
    sni: sni ?? undefined,
    detail,
    fields: fields ?? undefined,
    target: target === null ? undefined : { label: target },
    reason: reason ?? undefined,
    up: { bytes: bytesUp },
    down: { bytes: bytesDown },
    startedMs: 0,
    endedMs: durationMs,
    endedAtMs,
    measures: measures ?? undefined,
    connectMs: connectMs ?? undefined,
    tries,
    failures: failures?.map(([label, code, message]) => ({ target: { label }, code, message })) ??
      NO_FAILURES,
    error: error === null ? undefined : new WorkerError(error),
  };
}
