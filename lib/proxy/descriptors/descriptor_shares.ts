import type { Clock, Reason } from "../../base/mod.ts";

/** A session as it may have to give its descriptors to another app. */
export interface ShareSession {
  /** Sessions that began later have greater numbers. */
  readonly id: number;
  readonly app: { readonly name: string };
  readonly down: { readonly bytes: number };
  end(reason: Reason, detail: string): void;
}

export interface DescriptorSharesOptions {
  readonly clock: Clock;
  /** All sessions of this thread. */
  sessions(): readonly ShareSession[];
  /** How many apps there are. */
  apps(): number;
  /** Whether this thread still lacks a file descriptor. */
  isLacking(): boolean;
}

/** How long descriptors must be lacking before sessions are closed. Most bursts are over sooner. */
const PATIENCE_MS = 1000;

/** How often it is looked while they are lacking, and while an app is held. */
const LOOK_MS = 100;

/** The share kept for other apps, as a fraction of the sessions at the time descriptors ran out. */
const KEPT = 1 / 2;

/** Without want, the number of sessions that there may be grows by this part in each period. */
const GROWTH = 1 / 8;
const GROWTH_MS = 10_000;

/**
 * Keeps one app from taking the file descriptors of all others. Nothing is limited until there are none left; then this
 * thread has as many sessions as it can have, and half of these are shared out evenly among its apps. What an app does
 * not use of its share is kept for it: an app that is above its own accepts no more.
 *
 * Where descriptors have been lacking for a second, an app that is over its limit gives some back: of those sessions to
 * which the target has sent nothing yet, the youngest are closed. In a circle through other processes, which this one
 * cannot see, they are the innermost connections, and with them the whole circle ends.
 */
export class DescriptorShares {
  readonly #options: DescriptorSharesOptions;
  readonly #counts = new Map<string, number>();
  #total = 0;
  /** How many sessions this thread could have when it last lacked a descriptor, and when that was. */
  #want: { readonly sessions: number; readonly atMs: number } | undefined;
  /** Since when descriptors have been lacking without a relief. */
  #lackingSinceMs = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(options: DescriptorSharesOptions) {
    this.#options = options;
  }

  began(app: string): void {
    this.#total++;
    this.#counts.set(app, (this.#counts.get(app) ?? 0) + 1);
  }

  ended(app: string): void {
    this.#total--;
    this.#counts.set(app, (this.#counts.get(app) ?? 1) - 1);
  }

  /** Notes that this thread lacks a descriptor. */
  lacks(): void {
    const { clock, apps } = this.#options;
    if (apps() < 2) return;
    const nowMs = clock.nowMs();
    this.#want = { sessions: this.#total, atMs: nowMs };
    if (this.#timer !== undefined) return;
    this.#lackingSinceMs = nowMs;
    this.#timer = setInterval(() => this.review(), LOOK_MS);
  }

  /** Holds an app's listeners while it has all the sessions that it may; `undefined` where it may have more. */
  hold(app: string, signal: AbortSignal): Promise<void> | undefined {
    if (this.#want === undefined || signal.aborted || this.excessOf(app) < 0) return undefined;
    return new Promise((resolve) => {
      const look = (): void => {
        if (!signal.aborted && this.excessOf(app) >= 0) return;
        clearInterval(timer);
        signal.removeEventListener("abort", look);
        resolve();
      };
      const timer = setInterval(look, LOOK_MS);
      signal.addEventListener("abort", look);
    });
  }

  /** By how many sessions an app is above what it may have; below 0 where it may have more. */
  excessOf(app: string): number {
    const limit = this.#limit();
    if (limit === Infinity) return -Infinity;
    const apps = this.#options.apps();
    const share = limit * KEPT / apps;
    let kept = share * (apps - 1);
    for (const [other, count] of this.#counts) if (other !== app) kept -= Math.min(share, count);
    return (this.#counts.get(app) ?? 0) - Math.max(1, limit - Math.max(0, kept));
  }

  /** Looks whether it is time for a relief. */
  review(): void {
    if (!this.#options.isLacking()) return this.stop();
    const nowMs = this.#options.clock.nowMs();
    if (nowMs - this.#lackingSinceMs < PATIENCE_MS) return;
    this.#lackingSinceMs = nowMs;
    this.#relieve();
  }

  /** Ends the timer. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** How many sessions there may be now; `Infinity` when there has been no want for long, or few are left. */
  #limit(): number {
    const want = this.#want;
    if (want === undefined) return Infinity;
    const periods = Math.floor((this.#options.clock.nowMs() - want.atMs) / GROWTH_MS);
    if (periods > 0 && this.#total < want.sessions / 2) {
      this.#want = undefined;
      return Infinity;
    }
    return want.sessions * (1 + GROWTH) ** periods;
  }

  #relieve(): void {
    const silent = this.#options.sessions()
      .filter(({ down, app }) => down.bytes === 0 && this.excessOf(app.name) > 0)
      .sort((a, b) => b.id - a.id);
    const [youngest] = silent;
    if (youngest === undefined) return;
    const { name } = youngest.app;
    const count = Math.ceil(this.excessOf(name) / 8);
    const given = silent.filter(({ app }) => app.name === name).slice(0, count);
    for (const session of given) session.end("limit", "it gave its file descriptors to other apps");
  }
}
