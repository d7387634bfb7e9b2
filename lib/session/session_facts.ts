import type { Address } from "../base/mod.ts";
import type { Session } from "./session.ts";
import {
  firstSessions,
  sessionMatcher,
  type SessionQuery,
  type SessionState,
  type SortedSession,
} from "./session_query.ts";

/** A live session as plain data. Times are on the clock that all threads share. */
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

/** Finds the sessions that a query asks for. */
export function findSessions(sessions: readonly Session[], query: SessionQuery): SessionPage {
  const matches = sessionMatcher(query.filter);
  const matched = sessions.flatMap((session) => matches(session) ? new Sorted(session) : []);
  return {
    total: sessions.length,
    matched: matched.length,
    sessions: firstSessions(matched, query).flatMap(({ session }) => factsOf(session) ?? []),
  };
}

/** What a session is sorted by, as it was when it was found. */
class Sorted implements SortedSession {
  readonly session: Session;
  readonly id: number;
  readonly startedMs: number;
  readonly lastByteMs: number;
  readonly bytesUp: number;
  readonly bytesDown: number;

  constructor(session: Session) {
    this.session = session;
    this.id = session.id;
    this.startedMs = session.startedMs;
    this.lastByteMs = session.lastByteMs;
    this.bytesUp = session.up.bytes;
    this.bytesDown = session.down.bytes;
  }
}

function factsOf(session: Session): SessionFacts | undefined {
  const { id, app, listener, client, target, stage, sni, startedMs, lastByteMs, up, down } = session;
  if (stage === "ended") return undefined;
  return {
    id,
    app: app.name,
    listener,
    client,
    target: target?.label,
    state: stage,
    sni,
    startedMs,
    lastByteMs,
    bytesUp: up.bytes,
    bytesDown: down.bytes,
    connectMs: session.connectMs,
    tries: session.tries,
  };
}
