import { type Clock, monotonicClock } from "../../base/mod.ts";
import type { SharedCount } from "../../limits/mod.ts";
import { runtimeAtLeast } from "../../runtime/mod.ts";

/**
 * How far a thread may be ahead of the one with the fewest sessions: by one (else a session that has just ended
 * elsewhere would cost a wait), and by an eighth, a gap too small to be worth passing on a connection.
 */
const SLACK = 1;
const SLACK_SHARE = 1 / 8;

/** Deno 2.6 does not wake a thread that waits on a word of shared memory. */
const CAN_WAKE = runtimeAtLeast(2, 9);

/** How often a waiting thread checks that those before it are alive; where it cannot be woken, its whole wait. */
const CHECK_MS = CAN_WAKE ? 500 : 2;

/** After a wait in vain, how long the thread waits for nobody. */
const PATIENCE_MS = CAN_WAKE ? 10_000 : 50;

/** The words of one thread in shared memory: accepts, waits for its turn, wake-up counter, heartbeat. */
const ACCEPTS = 0;
const WAITS = 1;
const WAKE = 2;
const BEAT = 3;
const WORDS = 4;

export interface AcceptBalancerOptions {
  /** This thread's number, from 0. */
  readonly worker: number;
  /** The sessions of each thread. */
  readonly sessions: SharedCount;
  /** Default the runtime's. */
  readonly clock?: Clock;
  /** Default {@link CHECK_MS}. */
  readonly checkMs?: number;
}

/**
 * Balances accepting among threads that share one queue: any thread may accept that is not ahead of the others. A
 * thread that is ahead waits until one of its own sessions has ended, or the others have caught up and wake it.
 *
 * Unbalanced, a connection wakes all threads and the first takes it: of a hundred that came one by one, a single
 * thread took 85 to 99; of eight at once, seven. A hung thread holds the others up for two checks, and then they go
 * on without it.
 */
export class AcceptBalancer {
  readonly #words: Int32Array;
  readonly #worker: number;
  readonly #sessions: SharedCount;
  readonly #clock: Clock;
  readonly #checkMs: number;
  /** The last value seen of this thread's {@link WAKE}. */
  #seen = 0;
  #waiting: (() => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The thread that this one waits for, and its heartbeat when last checked. */
  #asked: { readonly worker: number; readonly beat: number } | undefined;
  #impatientUntilMs = -Infinity;

  /** Allocates memory for this many threads, none of which accepts yet. */
  static allocate(workers: number): SharedArrayBuffer {
    return new SharedArrayBuffer(workers * WORDS * Int32Array.BYTES_PER_ELEMENT);
  }

  /** Removes a dead thread. Call it once its sessions are no longer counted. */
  static forget(memory: SharedArrayBuffer, worker: number): void {
    const words = new Int32Array(memory);
    for (const word of [ACCEPTS, WAITS]) Atomics.store(words, worker * WORDS + word, 0);
    for (let other = 0; other < words.length / WORDS; other++) wake(words, other);
  }

  constructor(memory: SharedArrayBuffer, options: AcceptBalancerOptions) {
    this.#words = new Int32Array(memory);
    this.#worker = options.worker;
    this.#sessions = options.sessions;
    this.#clock = options.clock ?? monotonicClock;
    this.#checkMs = options.checkMs ?? CHECK_MS;
  }

  /** Starts accepting with the others. Call it once. */
  join(): void {
    Atomics.store(this.#words, this.#at(ACCEPTS), 1);
    if (!CAN_WAKE) return;
    this.#seen = Atomics.load(this.#words, this.#at(WAKE));
    this.#listen();
  }

  /** Resolves when it is this thread's turn; returns `undefined` where it is already. */
  take(): Promise<void> | undefined {
    if (!this.#isAhead || this.#clock.nowMs() < this.#impatientUntilMs) return undefined;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      Atomics.store(this.#words, this.#at(WAITS), 1);
      // A thread that caught up before the store saw nobody waiting and woke nobody.
      if (!this.#isAhead) return this.#release();
      this.#timer ??= setTimeout(this.#check, this.#checkMs);
    });
  }

  /** Call it for each new session of this thread, once it is counted: others may no longer be ahead. */
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

  /** Call it for each ended session of this thread, once it is no longer counted. */
  sessionEnded(): void {
    if (this.#waiting.length > 0 && !this.#isAhead) this.#release();
  }

  get #isAhead(): boolean {
    return isAhead(this.#sessions.mine, this.#sessions.of(this.#least()));
  }

  /** The accepting thread with the fewest sessions; this one where there is no other. */
  #least(): number {
    let [least, fewest] = [this.#worker, this.#sessions.mine];
    for (let worker = 0; worker < this.#words.length / WORDS; worker++) {
      if (Atomics.load(this.#words, worker * WORDS + ACCEPTS) === 0) continue;
      const count = this.#sessions.of(worker);
      if (count < fewest) [least, fewest] = [worker, count];
    }
    return least;
  }

  /** Keeps waiting while the thread with the fewest sessions shows that it is alive. */
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

  /** Waits to be woken, repeatedly; this neither rejects nor keeps the thread alive. */
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
