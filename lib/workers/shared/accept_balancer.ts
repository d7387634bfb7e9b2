import { type Clock, monotonicClock } from "../../base/mod.ts";
import type { SharedCount } from "../../limits/mod.ts";
import { runtimeAtLeast } from "../../runtime/mod.ts";

/**
 * By how much a thread may be ahead of the one with the fewest sessions: one (one that has just ended elsewhere would cost
 * a wait), and an eighth, which no connection is worth to be passed on for.
 */
const SLACK = 1;
const SLACK_SHARE = 1 / 8;

/** Deno 2.6 leaves a thread asleep that waits for a word of shared memory. */
const CAN_WAKE = runtimeAtLeast(2, 9);

/** How often a thread that waits for its turn looks whether those before it are alive; without being woken, for how long. */
const CHECK_MS = CAN_WAKE ? 500 : 2;

/** After a wait that was in vain, nobody is waited for again for so long. */
const PATIENCE_MS = CAN_WAKE ? 10_000 : 50;

/** The words of one thread in the shared memory: whether it accepts, waits for its turn, is to look, and has looked. */
const ACCEPTS = 0;
const WAITS = 1;
const WAKE = 2;
const BEAT = 3;
const WORDS = 4;

export interface TurnsOptions {
  /** This thread's number, 0 to one less than there are. */
  readonly worker: number;
  /** The sessions of each thread. */
  readonly sessions: SharedCount;
  /** Default the runtime's. */
  readonly clock?: Clock;
  /** Default {@link CHECK_MS}. */
  readonly checkMs?: number;
}

/**
 * Whose turn it is to accept, among threads that take from one queue: anybody's who is not ahead of the others. Whoever is
 * leaves the queue, until one of its own sessions has ended or the others have caught up, of which they tell it.
 *
 * Left to themselves, all are woken by a connection and the first takes it: of a hundred that came one by one a single
 * thread took 85 to 99, of eight at once seven. A thread that does not look at all (it hangs) holds the others up for two
 * checks, and then they go on without it.
 */
export class AcceptBalancer {
  readonly #words: Int32Array;
  readonly #worker: number;
  readonly #sessions: SharedCount;
  readonly #clock: Clock;
  readonly #checkMs: number;
  /** The value of the own {@link WAKE} that was looked at last. */
  #seen = 0;
  #waiting: (() => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Whom this one waits for, and its beat when it was asked. */
  #asked: { readonly worker: number; readonly beat: number } | undefined;
  #impatientUntilMs = -Infinity;

  /** Memory for so many threads, none of which accepts yet. */
  static allocate(workers: number): SharedArrayBuffer {
    return new SharedArrayBuffer(workers * WORDS * Int32Array.BYTES_PER_ELEMENT);
  }

  /** Takes out a thread that has died, once its sessions are no longer counted. */
  static forget(memory: SharedArrayBuffer, worker: number): void {
    const words = new Int32Array(memory);
    for (const word of [ACCEPTS, WAITS]) Atomics.store(words, worker * WORDS + word, 0);
    for (let other = 0; other < words.length / WORDS; other++) wake(words, other);
  }

  constructor(memory: SharedArrayBuffer, options: TurnsOptions) {
    this.#words = new Int32Array(memory);
    this.#worker = options.worker;
    this.#sessions = options.sessions;
    this.#clock = options.clock ?? monotonicClock;
    this.#checkMs = options.checkMs ?? CHECK_MS;
  }

  /** Joins the others: from now on this thread accepts. Once. */
  join(): void {
    Atomics.store(this.#words, this.#at(ACCEPTS), 1);
    if (!CAN_WAKE) return;
    this.#seen = Atomics.load(this.#words, this.#at(WAKE));
    this.#listen();
  }

  /** Resolves when it is this thread's turn; `undefined` where that is now. */
  take(): Promise<void> | undefined {
    if (!this.#isAhead || this.#clock.nowMs() < this.#impatientUntilMs) return undefined;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      Atomics.store(this.#words, this.#at(WAITS), 1);
      // Whoever has caught up before that was written has told nobody.
      if (!this.#isAhead) return this.#release();
      this.#timer ??= setTimeout(this.#check, this.#checkMs);
    });
  }

  /** To be told of each session of this thread that begins, once it is counted: others may no longer be ahead. */
  sessionBegan(): void {
    const words = this.#words;
    let least: number | undefined;
    for (let worker = 0; worker < words.length / WORDS; worker++) {
      if (Atomics.load(words, worker * WORDS + WAITS) === 0 || worker === this.#worker) continue;
      least ??= this.#sessions.of(this.#least());
      if (isAhead(this.#sessions.of(worker), least)) continue;
      Atomics.store(words, worker * WORDS + WAITS, 0);
      wake(words, worker);
    }
  }

  /** To be told of each session of this thread that has ended, once it is no longer counted. */
  sessionEnded(): void {
    if (this.#waiting.length > 0 && !this.#isAhead) this.#release();
  }

  get #isAhead(): boolean {
    return isAhead(this.#sessions.mine, this.#sessions.of(this.#least()));
  }

  /** The thread with the fewest sessions of those that accept, this one where there is no other. */
  #least(): number {
    let [least, fewest] = [this.#worker, this.#sessions.mine];
    for (let worker = 0; worker < this.#words.length / WORDS; worker++) {
      if (Atomics.load(this.#words, worker * WORDS + ACCEPTS) === 0) continue;
      const count = this.#sessions.of(worker);
      if (count < fewest) [least, fewest] = [worker, count];
    }
    return least;
  }

  /** Waits for as long as whoever has the fewest shows that it is alive. */
  readonly #check = (): void => {
    this.#timer = undefined;
    if (!this.#isAhead) return this.#release();
    const least = this.#least();
    const beat = this.#beatOf(least);
    const hangs = this.#asked?.worker === least && this.#asked.beat === beat;
    if (hangs || !CAN_WAKE) {
      this.#impatientUntilMs = this.#clock.nowMs() + PATIENCE_MS;
      return this.#release();
    }
    this.#asked = { worker: least, beat };
    wake(this.#words, least);
    this.#timer = setTimeout(this.#check, this.#checkMs);
  };

  #beatOf(worker: number): number {
    return Atomics.load(this.#words, worker * WORDS + BEAT);
  }

  /** Waits to be woken, again and again; that neither rejects nor keeps the thread from ending. */
  #listen(): void {
    const woken = Atomics.waitAsync(this.#words, this.#at(WAKE), this.#seen);
    if (woken.async) woken.value.then(this.#look);
    else queueMicrotask(this.#look);
  }

  readonly #look = (): void => {
    this.#seen = Atomics.load(this.#words, this.#at(WAKE));
    Atomics.add(this.#words, this.#at(BEAT), 1);
    if (this.#waiting.length > 0) {
      if (this.#isAhead) Atomics.store(this.#words, this.#at(WAITS), 1);
      else this.#release();
    }
    this.#listen();
  };

  #release(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#asked = undefined;
    Atomics.store(this.#words, this.#at(WAITS), 0);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  #at(word: number): number {
    return this.#worker * WORDS + word;
  }
}

function isAhead(count: number, least: number): boolean {
  return count > least + Math.max(SLACK, least * SLACK_SHARE);
}

function wake(words: Int32Array, worker: number): void {
  Atomics.add(words, worker * WORDS + WAKE, 1);
  Atomics.notify(words, worker * WORDS + WAKE);
}
