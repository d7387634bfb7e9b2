import { MAX_TIMER_MS } from "../../base/mod.ts";
import type { LoopDelay } from "../../metrics/mod.ts";
import type { Listeners } from "../listeners/listeners.ts";
import type { ProxyObserver } from "../proxy_observer.ts";
import type { Reloader } from "../reload/reloader.ts";
import { obsoleteIn, type Retirement } from "../retirement.ts";
import type { LocalApps } from "./local_apps.ts";
import type { LocalSessions } from "./local_sessions.ts";

/** The parts of a proxy that end with it. */
export interface EndedParts {
  readonly observer: Pick<ProxyObserver, "draining">;
  readonly listeners: Listeners;
  readonly sessions: LocalSessions;
  readonly apps: LocalApps;
  readonly reloader: Reloader;
  /** `undefined` where it is not measured. */
  readonly loopDelay: LoopDelay | undefined;
}

/** The end of the proxy in this thread: a drain, a retirement in favour of another proxy, or a stop. */
export class LocalEnd {
  readonly #parts: EndedParts;
  #drained: Promise<void> | undefined;
  #isStopping = false;

  constructor(parts: EndedParts) {
    this.#parts = parts;
  }

  /** How the proxy is ending; `undefined` while it is not. */
  get state(): "stopping" | "draining" | undefined {
    if (this.#isStopping) return "stopping";
    return this.isDraining ? "draining" : undefined;
  }

  /** Whether a drain has begun. */
  get isDraining(): boolean {
    return this.#drained !== undefined;
  }

  /** Lets sessions finish within this time. @param others addresses that other processes accept on; default none. */
  drain(others: ReadonlySet<string> | undefined, timeoutMs: number): Promise<void> {
    return this.#drained ??= this.#drain(others, timeoutMs);
  }

  /** Accepts nothing more, as another proxy with another config takes over; resolves when that is so. */
  async retire({ targets, listeners: left, obsoleteMs }: Retirement): Promise<void> {
    const { apps, listeners, sessions } = this.#parts;
    // Who waits for an app that is gone has nobody else to resume it.
    for (const [name, app] of apps.byName) if (!targets.has(name)) app.setPaused(false);
    await listeners.leave(new Set(left));
    const isObsolete = obsoleteIn(targets);
    sessions.endObsolete(obsoleteMs, isObsolete);
    // Connections that waited for their permits have become sessions by then.
    void listeners.ended().then(() => sessions.endObsolete(obsoleteMs, isObsolete));
  }

  /** Resolves when a proxy that retires has no session left. */
  async retired(): Promise<void> {
    const { listeners, sessions } = this.#parts;
    await listeners.ended();
    await sessions.table.whenEmpty();
    await this.#stopRest();
  }

  /** Ends all sessions. */
  async stop(): Promise<void> {
    const { listeners, sessions } = this.#parts;
    this.#isStopping = true;
    const closed = listeners.closeNow();
    sessions.table.endAll();
    await closed;
    sessions.table.endAll();
    await sessions.table.whenEmpty();
    await this.#stopRest();
  }

  async #drain(others: ReadonlySet<string> | undefined, timeoutMs: number): Promise<void> {
    const { observer, listeners, sessions } = this.#parts;
    if (others === undefined) await listeners.close();
    else await listeners.leave(others);
    const endsAtMs = performance.now() + timeoutMs;
    const drain = (): Promise<void> =>
      sessions.table.drain({
        timeoutMs: Math.max(0, endsAtMs - performance.now()),
        onProgress: (left, leftMs) => observer.draining(left, leftMs),
      });
    if (others === undefined) await drain();
    else {
      // A connection that waits for a permit was accepted here, and becomes a session when another one ends.
      await Promise.all([drain(), settledWithin(listeners.ended(), timeoutMs)]);
      await listeners.closeNow();
      await drain();
    }
    await this.#stopRest();
  }

  /** Ends what runs beside the sessions. */
  async #stopRest(): Promise<void> {
    const { sessions, apps, reloader, loopDelay } = this.#parts;
    sessions.stop();
    loopDelay?.[Symbol.dispose]();
    // One that is under way would go on with apps and listeners that nobody stops.
    await reloader.stop();
    await apps.stop();
  }
}

/** Waits for a promise that never rejects, but no longer than so. */
async function settledWithin(promise: Promise<void>, limitMs: number): Promise<void> {
  const limit = Promise.withResolvers<void>();
  const timer = setTimeout(limit.resolve, Math.min(limitMs, MAX_TIMER_MS));
  await Promise.race([promise, limit.promise]);
  clearTimeout(timer);
}
