import { type Clock, monotonicClock, type Reason } from "../../base/mod.ts";
import type { Sweep } from "../../relay/mod.ts";
import type { OpenSession } from "../open_session.ts";
import { findSessions, type SessionPage } from "./session_facts.ts";
import { type SessionFilter, sessionMatcher, type SessionQuery } from "./session_query.ts";

export interface DrainOptions {
  /** How long sessions may take to end by themselves, the spread-out closing included. */
  readonly timeoutMs: number;
  /** The sessions that are drained; default all. */
  only?(session: OpenSession): boolean;
  /** Why they are, for the record of each; default empty. */
  readonly detail?: string;
  /** Called about every {@link REPORT_MS} with what is left. */
  onProgress?(left: number, leftMs: number): void;
  /** Default the runtime's. */
  readonly clock?: Clock;
}

/** The last part of a drain, in which what is left is closed bit by bit: all at one instant would reconnect at one. */
const SPREAD_SHARE = 0.2;
const STEP_MS = 50;
const REPORT_MS = 5000;

/** How many sessions are ended in one go: closing two sockets takes some 50 µs. */
const END_BATCH = 100;

/** Why sessions are ended. */
export interface EndingReason {
  readonly reason: Reason;
  readonly detail: string;
}

/** The sessions that have not ended; the sweep that looks after their deadlines holds them. */
export class SessionTable {
  readonly #sweep: Sweep<OpenSession>;
  readonly #waiting: (() => void)[] = [];

  constructor(sweep: Sweep<OpenSession>) {
    this.#sweep = sweep;
  }

  get size(): number {
    return this.#sweep.members.length;
  }

  /** The session of this number, looked for one by one: only people ask. */
  get(id: number): OpenSession | undefined {
    return this.#sweep.members.find((session) => session.id === id);
  }

  /** All sessions of this moment. */
  list(): OpenSession[] {
    return [...this.#sweep.members];
  }

  add(session: OpenSession): void {
    this.#sweep.add(session);
  }

  delete(session: OpenSession): void {
    this.#sweep.delete(session);
    if (this.size === 0 && this.#waiting.length > 0) {
      for (const resolve of this.#waiting.splice(0)) resolve();
    }
  }

  /** Resolves when no session is left. */
  whenEmpty(): Promise<void> {
    if (this.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Finds the sessions that a query asks for. */
  find(query: SessionQuery, nowMs: number): SessionPage {
    return findSessions(this.#sweep.members, query, nowMs);
  }

  /** Ends all sessions that fit the filter, little by little so that others are served meanwhile; returns how many. */
  async endAllThat(filter: SessionFilter, { reason, detail }: EndingReason): Promise<number> {
    const matches = sessionMatcher(filter);
    let count = 0;
    for (const session of this.list()) {
      if (!matches(session)) continue;
      session.end(reason, detail);
      if (++count % END_BATCH === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    return count;
  }

  /** Ends every session now, as `drained`. */
  endAll(): void {
    for (const session of this.list()) session.end("drained");
  }

  /**
   * Waits for sessions to end by themselves; in the last part of the time it ends the rest, evenly spread, those first
   * that have been quiet longest. Resolves when none is left.
   */
  async drain(options: DrainOptions): Promise<void> {
    const clock = options.clock ?? monotonicClock;
    const endsAtMs = clock.nowMs() + options.timeoutMs;
    let reportAtMs = clock.nowMs();
    const left = (): OpenSession[] =>
      options.only === undefined ? this.list() : this.list().filter(options.only);
    const done = Promise.withResolvers<void>();
    const step = (): void => {
      const leftMs = Math.max(0, endsAtMs - clock.nowMs());
      if (options.only !== undefined && left().length === 0) return done.resolve();
      if (clock.nowMs() >= reportAtMs && this.size > 0) {
        options.onProgress?.(this.size, leftMs);
        reportAtMs += REPORT_MS;
      }
      if (leftMs <= options.timeoutMs * SPREAD_SHARE) {
        endQuietest(left(), { stepsLeft: Math.ceil(leftMs / STEP_MS), detail: options.detail });
      }
    };
    step();
    const timer = setInterval(step, STEP_MS);
    try {
      await Promise.race([this.whenEmpty(), done.promise]);
    } finally {
      clearInterval(timer);
    }
  }
}

/** Ends as many sessions as must end now for all to have ended after so many steps. */
function endQuietest(
  sessions: readonly OpenSession[],
  { stepsLeft, detail }: { readonly stepsLeft: number; readonly detail: string | undefined },
): void {
  const count = Math.ceil(sessions.length / Math.max(1, stepsLeft));
  const quietest = sessions.toSorted((a, b) => a.lastByteMs - b.lastByteMs);
  for (const session of quietest.slice(0, count)) session.end("drained", detail);
}
