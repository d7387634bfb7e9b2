import { formatAddress } from "../../base/mod.ts";
import type { SessionList, SessionsEnded } from "../../proxy/mod.ts";
import type { SessionFacts, SessionState } from "../../session/mod.ts";

/** The body of `GET /api/sessions`. A stable contract; `null` for what is not known, or does not apply. */
export interface SessionsJson extends IncompleteJson {
  /** How many live sessions there are. */
  readonly total: number;
  /** How many fit the filter. */
  readonly matched: number;
  readonly sessions: readonly SessionJson[];
}

/** What an answer says that all workers contribute to. */
export interface IncompleteJson {
  /** The workers that have not answered, and why; empty where all have. */
  readonly incomplete: readonly string[];
}

/** A live session. */
export interface SessionJson {
  readonly id: number;
  readonly app: string;
  readonly listener: string;
  /** The client's address: the one in its PROXY header, else where the connection comes from. */
  readonly client: string;
  /** `null` before a target has answered. */
  readonly target: string | null;
  readonly state: SessionState;
  readonly sni: string | null;
  readonly ["started_at"]: string;
  readonly ["age_ms"]: number;
  /** Since the last byte in either direction, to about a second. */
  readonly ["idle_ms"]: number;
  readonly ["bytes_up"]: number;
  readonly ["bytes_down"]: number;
  readonly ["connect_ms"]: number | null;
  /** Dials made; 0 before dialing has ended. */
  readonly tries: number;
  /** The number of the worker that carries it; `null` with one thread. */
  readonly worker: number | null;
}

/** The body that answers `DELETE` of sessions. */
export interface EndedJson extends IncompleteJson {
  readonly ended: number;
}

/** Converts a list to JSON. */
export function sessionsJson({ total, matched, sessions, nowMs, incomplete }: SessionList): SessionsJson {
  const epochMs = Date.now();
  return {
    total,
    matched,
    sessions: sessions.map((session) => sessionJson(session, { nowMs, epochMs })),
    incomplete,
  };
}

/** Converts what came of ending sessions to JSON. */
export function endedJson({ ended, incomplete }: SessionsEnded): EndedJson {
  return { ended, incomplete };
}

function sessionJson(
  session: SessionFacts,
  { nowMs, epochMs }: { readonly nowMs: number; readonly epochMs: number },
): SessionJson {
  const ageMs = Math.max(0, Math.round(nowMs - session.startedMs));
  return {
    id: session.id,
    app: session.app,
    listener: formatAddress(session.listener),
    client: formatAddress(session.client),
    target: session.target ?? null,
    state: session.state,
    sni: session.sni ?? null,
    started_at: new Date(epochMs - ageMs).toISOString(),
    age_ms: ageMs,
    idle_ms: Math.max(0, Math.round(nowMs - session.lastByteMs)),
    bytes_up: session.bytesUp,
    bytes_down: session.bytesDown,
    connect_ms: session.connectMs === undefined ? null : Math.round(session.connectMs * 1000) / 1000,
    tries: session.tries,
    worker: session.worker ?? null,
  };
}
