import { formatAddress } from "../../base/mod.ts";
import type { SessionList, SessionsEnded } from "../../proxy/mod.ts";
import type { SessionFacts, SessionState } from "../../session/mod.ts";

/** The body of `GET /api/sessions`. A stable contract; `null` for values that are unknown or do not apply. */
export interface SessionsJson extends IncompleteJson {
  /** How many live sessions there are. */
  readonly total: number;
  /** How many fit the filter. */
  readonly matched: number;
  readonly sessions: readonly SessionJson[];
}

/** Part of every response to which all workers contribute. */
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

/** How many sessions are converted in one go: a hundred take about a millisecond. */
const BATCH = 500;

/** Converts a list to the text of a {@link SessionsJson}, little by little, so that others are served meanwhile. */
export async function sessionsText(
  { total, matched, sessions, incomplete }: SessionList,
): Promise<string> {
  const nowMs = Date.now();
  const texts: string[] = [];
  for (let start = 0; start < sessions.length; start += BATCH) {
    if (start > 0) await new Promise((resolve) => setTimeout(resolve, 0));
    const batch = sessions.slice(start, start + BATCH);
    texts.push(...batch.map((session) => JSON.stringify(sessionJson(session, nowMs))));
  }
  const rest = JSON.stringify({ total, matched, incomplete } satisfies Omit<SessionsJson, "sessions">);
  return `${rest.slice(0, -1)},"sessions":[${texts.join(",")}]}`;
}

/** Converts what came of ending sessions to JSON. */
export function endedJson({ ended, incomplete }: SessionsEnded): EndedJson {
  return { ended, incomplete };
}

/** Converts a session to JSON; `nowMs` is in milliseconds since the Unix epoch. */
export function sessionJson(session: SessionFacts, nowMs: number): SessionJson {
  const ageMs = Math.round(session.ageMs);
  return {
    id: session.id,
    app: session.app,
    listener: formatAddress(session.listener),
    client: formatAddress(session.client),
    target: session.target ?? null,
    state: session.state,
    sni: session.sni ?? null,
    started_at: new Date(nowMs - ageMs).toISOString(),
    age_ms: ageMs,
    idle_ms: Math.round(session.idleMs),
    bytes_up: session.bytesUp,
    bytes_down: session.bytesDown,
    connect_ms: session.connectMs === undefined ? null : Math.round(session.connectMs * 1000) / 1000,
    tries: session.tries,
    worker: session.worker ?? null,
  };
}
