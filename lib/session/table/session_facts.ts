import type { Address } from "../../base/mod.ts";
import type { OpenSession } from "../open_session.ts";
import {
  firstSessions,
  sessionMatcher,
  type SessionQuery,
  type SessionState,
  type SortedSession,
} from "./session_query.ts";

/** A live session as plain data. Its times are spans, since the clocks of threads may differ by some milliseconds. */
export interface SessionFacts extends SortedSession {
  readonly app: string;
  readonly listener: Address;
  readonly client: Address;
  /** The target that answered; `undefined` before one has. */
  readonly target: string | undefined;
  readonly state: SessionState;
  readonly sni: string | undefined;
  readonly connectMs: number | undefined;
  readonly tries: number;
  /** The worker that carries it, from 1; `undefined` where there is one thread. */
  readonly worker?: number;
}

/** Some of the live sessions. */
export interface SessionPage {
  /** How many there are. */
  readonly total: number;
  /** How many fit the filter. */
  readonly matched: number;
  /** The first of these, in the order asked for. */
  readonly sessions: readonly SessionFacts[];
}

/** Finds the sessions that a query asks for; `nowMs` is on the clock of their thread. */
export function findSessions(
  sessions: readonly OpenSession[],
  query: SessionQuery,
  nowMs: number,
): SessionPage {
  const matches = sessionMatcher(query.filter);
  const matched = sessions.flatMap((session) => matches(session) ? new Sorted(session, nowMs) : []);
  return {
    total: sessions.length,
    matched: matched.length,
    sessions: firstSessions(matched, query).flatMap((found) => factsOf(found) ?? []),
  };
}

/** What a session is sorted by, as it was when it was found. */
class Sorted implements SortedSession {
  readonly session: OpenSession;
  readonly id: number;
  readonly ageMs: number;
  readonly idleMs: number;
  readonly bytesUp: number;
  readonly bytesDown: number;

  constructor(session: OpenSession, nowMs: number) {
    this.session = session;
    this.id = session.id;
    this.ageMs = Math.max(0, nowMs - session.startedMs);
    this.idleMs = Math.max(0, nowMs - session.lastByteMs);
    this.bytesUp = session.up.bytes;
    this.bytesDown = session.down.bytes;
  }
}

function factsOf({ session, id, ageMs, idleMs, bytesUp, bytesDown }: Sorted): SessionFacts | undefined {
  const { app, listener, client, target, stage, sni, connectMs, tries } = session;
  if (stage === "ended") return undefined;
  return {
    id,
    app: app.name,
    listener,
    client,
    target: target?.label,
    state: stage,
    sni,
    ageMs,
    idleMs,
    bytesUp,
    bytesDown,
    connectMs,
    tries,
  };
}
