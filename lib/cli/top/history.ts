import { allTargets, type ProxyView, type SessionView } from "../running/view.ts";

/** What flows per second; `undefined` until it has been seen twice. */
export interface Rates {
  readonly up: number;
  readonly down: number;
  readonly connections: number;
}

interface Counters {
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly connections: number;
}

type PossibleCounters = { readonly [key in keyof Counters]: number | null };

interface Track {
  last: Counters;
  rates: Rates | undefined;
  /** Bytes per second in both directions, the newest last. */
  samples: number[];
}

interface SeenSession {
  readonly session: SessionView;
  readonly rates: Rates | undefined;
}

/** Two looks nearer to each other than this say nothing of a rate. */
const LEAST_SECONDS = 0.2;

/** The most samples of one thing: what the widest sparkline shows. */
const MAX_SAMPLES = 240;

/** The key of the whole proxy. */
export const TOTAL = "total";

/** The key of an app. */
export function appKey(app: string): string {
  return JSON.stringify([app]);
}

/** The key of a target: one may stand in several apps and routes. */
export function targetKey(app: string, route: string | null, address: string): string {
  return JSON.stringify([app, route, address]);
}

/** Works out rates from the counters of successive snapshots. */
export class History {
  #tracks = new Map<string, Track>();
  #sessions: Map<string, SeenSession> = new Map();
  #samplesUp: number[] = [];
  #samplesDown: number[] = [];
  #lastMs: number | undefined;
  #startedAtMs: number | undefined;

  /** Bytes per second from clients to targets, the newest last. */
  get up(): readonly number[] {
    return this.#samplesUp;
  }

  /** Bytes per second from targets to clients, the newest last. */
  get down(): readonly number[] {
    return this.#samplesDown;
  }

  rates(key: string): Rates | undefined {
    return this.#tracks.get(key)?.rates;
  }

  samples(key: string): readonly number[] {
    return this.#tracks.get(key)?.samples ?? [];
  }

  sessionRates(id: SessionView["id"]): Rates | undefined {
    return this.#sessions.get(String(id))?.rates;
  }

  /** Takes a snapshot; one of a proxy that was started anew begins anew. */
  add(status: ProxyView): void {
    const { nowMs, startedAtMs } = status;
    if (this.#startedAtMs !== startedAtMs) this.#forget();
    this.#startedAtMs = startedAtMs;
    const seconds = this.#lastMs === undefined ? 0 : (nowMs - this.#lastMs) / 1000;
    if (this.#lastMs !== undefined && seconds < LEAST_SECONDS) return;
    this.#lastMs = nowMs;
    const next = new Map<string, Track>();
    const take = (key: string, counters: PossibleCounters): Track | undefined => {
      const { bytesUp, bytesDown, connections } = counters;
      // A proxy that counts nothing has no rates.
      if (bytesUp === null || bytesDown === null || connections === null) return undefined;
      const track = advance(this.#tracks.get(key), { bytesUp, bytesDown, connections }, seconds);
      next.set(key, track);
      return track;
    };
    take(TOTAL, status.traffic);
    for (const app of status.apps) {
      const track = take(appKey(app.name), app.traffic);
      // Of targets, of which there may be many, nobody sees more than the rate.
      if (track?.rates !== undefined && seconds > 0) sample(track, track.rates);
      for (const { route, target } of allTargets(app)) {
        take(targetKey(app.name, route, target.address), target.traffic);
      }
    }
    this.#tracks = next;
    const total = this.rates(TOTAL);
    if (total === undefined) return;
    this.#samplesUp = appended(this.#samplesUp, total.up);
    this.#samplesDown = appended(this.#samplesDown, total.down);
  }

  /** Takes the sessions that are seen now. */
  addSessions(sessions: readonly SessionView[]): void {
    const next = new Map<string, SeenSession>();
    for (const session of sessions) {
      const before = this.#sessions.get(String(session.id));
      const seconds = before === undefined ? 0 : (session.ageMs - before.session.ageMs) / 1000;
      if (before === undefined) next.set(String(session.id), { session, rates: undefined });
      else if (seconds < LEAST_SECONDS) next.set(String(session.id), before);
      else {
        const rates = {
          up: Math.max(0, session.bytesUp - before.session.bytesUp) / seconds,
          down: Math.max(0, session.bytesDown - before.session.bytesDown) / seconds,
          connections: 0,
        };
        next.set(String(session.id), { session, rates });
      }
    }
    this.#sessions = next;
  }

  #forget(): void {
    this.#tracks = new Map();
    this.#sessions = new Map();
    this.#samplesUp = [];
    this.#samplesDown = [];
    this.#lastMs = undefined;
  }
}

function advance(before: Track | undefined, counters: Counters, seconds: number): Track {
  if (before === undefined || seconds <= 0) {
    return { last: counters, rates: before?.rates, samples: before?.samples ?? [] };
  }
  // A counter that has fallen belongs to something else: a target that was removed and added again.
  const perSecond = (key: keyof Counters): number => Math.max(0, counters[key] - before.last[key]) / seconds;
  const rates = {
    up: perSecond("bytesUp"),
    down: perSecond("bytesDown"),
    connections: perSecond("connections"),
  };
  return { last: counters, rates, samples: before.samples };
}

function sample(track: Track, { up, down }: Rates): void {
  track.samples = appended(track.samples, up + down);
}

function appended(samples: readonly number[], value: number): number[] {
  const kept = samples.length >= MAX_SAMPLES ? samples.slice(samples.length - MAX_SAMPLES + 1) : samples;
  return [...kept, value];
}
