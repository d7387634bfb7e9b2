import { eventFrame } from "./event_frame.ts";

/** Runs something later; returns how to call it off. */
export type Schedule = (run: () => void, delayMs: number) => () => void;

/** One who gets snapshots. */
export interface SnapshotReader {
  /** How often. */
  readonly intervalMs: number;
  /** Returns the JSON of a snapshot. */
  snapshot(): Promise<string>;
  take(frame: Uint8Array<ArrayBuffer>): void;
}

export interface SnapshotTickerOptions {
  readonly nowMs: () => number;
  readonly schedule: Schedule;
  /** Called with an error of {@link SnapshotReader.snapshot}; the tick is skipped. */
  onDefect(error: unknown): void;
}

/** How old a snapshot may be for a reader that has just arrived. */
const FRESH_MS = 100;

/**
 * Hands out snapshots at multiples of each reader's interval, so that all with the same interval share one, and no more
 * than ten are made in a second however many readers there are.
 */
export class SnapshotTicker {
  readonly #options: SnapshotTickerOptions;
  /** By reader, when its next snapshot is due, and of when the one is that it got last. */
  readonly #readers = new Map<SnapshotReader, { dueMs: number; gotMs: number }>();
  #cancel: (() => void) | undefined;
  #last: { readonly frame: Promise<Uint8Array<ArrayBuffer>>; readonly atMs: number } | undefined;

  constructor(options: SnapshotTickerOptions) {
    this.#options = options;
  }

  /** Hands the reader a snapshot at once, then every interval until the returned object is disposed of. */
  add(reader: SnapshotReader): Disposable {
    this.#readers.set(reader, { dueMs: this.#options.nowMs(), gotMs: -Infinity });
    this.#tick();
    return {
      [Symbol.dispose]: (): void => {
        if (!this.#readers.delete(reader)) return;
        this.#plan();
        if (this.#readers.size === 0) this.#last = undefined;
      },
    };
  }

  #tick(): void {
    const nowMs = this.#options.nowMs();
    const due = [...this.#readers].filter(([, { dueMs }]) => dueMs <= nowMs);
    for (const [reader, state] of due) state.dueMs = nextMultiple(nowMs, reader.intervalMs);
    this.#plan();
    const [first] = due;
    if (first === undefined) return;
    this.#frame(first[0], nowMs).then((frame) => {
      for (const [reader, state] of due) {
        // One that took long, because a thread did not answer, must not follow a later one.
        if (!this.#readers.has(reader) || state.gotMs > nowMs) continue;
        state.gotMs = nowMs;
        reader.take(frame);
      }
    }).catch((error) => this.#options.onDefect(error));
  }

  #frame(reader: SnapshotReader, nowMs: number): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#last !== undefined && nowMs - this.#last.atMs < FRESH_MS) return this.#last.frame;
    const frame = reader.snapshot().then((data) => eventFrame("snapshot", data));
    this.#last = { frame, atMs: nowMs };
    return frame;
  }

  /** Sets the timer to the reader that is due first. */
  #plan(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#readers.size === 0) return;
    const dueMs = Math.min(...[...this.#readers.values()].map((state) => state.dueMs));
    this.#cancel = this.#options.schedule(() => this.#tick(), Math.max(0, dueMs - this.#options.nowMs()));
  }
}

function nextMultiple(nowMs: number, intervalMs: number): number {
  return (Math.floor(nowMs / intervalMs) + 1) * intervalMs;
}
