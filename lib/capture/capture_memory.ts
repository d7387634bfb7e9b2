/**
 * Numbers that all threads of one capture share: how many more sessions it takes, and how many of its bytes wait for
 * its reader, in any thread. So its memory is bounded as a whole, and no thread waits for another.
 */
export class CaptureMemory {
  readonly #numbers: Int32Array;

  /** @param memory as {@link CaptureMemory.allocate} has made it. */
  constructor(memory: SharedArrayBuffer) {
    this.#numbers = new Int32Array(memory);
  }

  /** Allocates the memory of a capture with this number of sessions. */
  static allocate(sessions: number): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
    new Int32Array(memory)[PLACES] = sessions;
    return memory;
  }

  /** Whether another session may be captured. */
  get hasPlaces(): boolean {
    return Atomics.load(this.#numbers, PLACES) > 0;
  }

  /** Takes the place of a session, if there is one. */
  takePlace(): boolean {
    if (Atomics.sub(this.#numbers, PLACES, 1) > 0) return true;
    Atomics.add(this.#numbers, PLACES, 1);
    return false;
  }

  /** Returns whether there is room for a packet of this size. */
  hasRoom(bytes: number): boolean {
    const most = HELD_BYTES + (bytes <= SMALL_BYTES ? RESERVE_BYTES : 0);
    return Atomics.load(this.#numbers, HELD) + bytes <= most;
  }

  /** Counts bytes that wait from now on. */
  hold(bytes: number): void {
    Atomics.add(this.#numbers, HELD, bytes);
  }

  /** The reader has taken bytes, or they are dropped. */
  release(bytes: number): void {
    Atomics.sub(this.#numbers, HELD, bytes);
  }
}

const PLACES = 0;
const HELD = 1;

/**
 * The most bytes that wait for a slow reader. More than a capture of default size, which so loses nothing, however fast
 * its connections are; beyond it packets are dropped and counted.
 */
export const HELD_BYTES = 16 * 1024 ** 2;

/** A packet without data, and its comment. */
const SMALL_BYTES = 1024;

/** Kept for packets without data: how a session ended must not be lost. */
const RESERVE_BYTES = 128 * 1024;
