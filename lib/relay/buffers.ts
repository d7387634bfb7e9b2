/**
 * Buffers for the pump: small while a direction is quiet, large and pooled while reads fill them.
 *
 * An idle connection holds two small buffers for life (the buffer of a pending read cannot be swapped), so their size
 * is most of what an idle connection costs. A busy one borrows large buffers, because reads and writes cost per call
 * and not per byte. For the measurements see `docs/adr/0002-relay-engines.md`.
 *
 * @module
 */

/**
 * Buffer sizes by level, in bytes. A read that fills its buffer moves up a level, and a message that overflows a
 * small buffer is read to its end before it is written ({@link OWN_LEVEL}). 512 bytes hold a keep-alive message; 2
 * KiB hold whole requests and replies of chatty protocols (Redis, PostgreSQL, small HTTP), so that such connections
 * stay at that level.
 */
export const BUFFER_LEVELS: readonly number[] = [512, 2 * 1024, 16 * 1024, 64 * 1024, 768 * 1024];

/** The largest level. */
export const TOP_LEVEL = BUFFER_LEVELS.length - 1;

/** Returns the buffer size of a level, in bytes. */
export function levelBytes(level: number): number {
  return BUFFER_LEVELS[level] ?? 0;
}

/** Small buffers are cut from slabs of this many bytes: one allocation serves 512 of them. */
const SLAB_BYTES = 256 * 1024;

/** Free buffers kept per level, in bytes; the rest is left to the garbage collector. */
const KEPT_BYTES_PER_LEVEL = 8 * 1024 * 1024;

/** 64 KiB: one segment as a fast network card or the loopback delivers it. */
const BURST_LEVEL = 3;

/**
 * Largest level that every direction may have, as with other proxies; larger buffers are lent while the budget lasts.
 */
export const OWN_LEVEL = 2;

/**
 * Bytes lent at once per level above {@link OWN_LEVEL}. A receiver that does not read keeps its direction's buffer
 * for the whole session, so ten thousand of them would pin 5 GB of the largest ones.
 */
const LENT_BYTES_PER_LEVEL = 64 * 1024 * 1024;

/** Bytes held at once for full receivers before each may have only as much as {@link OWN_LEVEL} holds. */
const HELD_BYTES = 64 * 1024 * 1024;

/** Size of {@link BufferPool.scratch}. */
const SCRATCH_BYTES = 256 * 1024;

/** Lends buffers by level and takes them back. One pool serves a whole thread. */
export class BufferPool {
  #scratch: Uint8Array<ArrayBuffer> | undefined;
  #heldBytes = 0;

  readonly #free: Uint8Array[][] = BUFFER_LEVELS.map(() => []);
  /** Number of lent buffers, by level. */
  readonly #lent: number[] = BUFFER_LEVELS.map(() => 0);

  /**
   * Returns the level for the next read, after one that returned `count` bytes.
   *
   * A full buffer means that more is waiting: take the next larger one. A mostly empty one means that the sender
   * pauses: return to the small one, because the next read may be pending for hours. Packets that arrive below full
   * speed would climb all levels again for each burst, so they stay at a level between.
   */
  next(level: number, count: number): number {
    const size = levelBytes(level);
    if (count === size) return this.above(level);
    if (count >= size / 4) return level;
    return level > BURST_LEVEL && count >= levelBytes(BURST_LEVEL) / 4 ? BURST_LEVEL : 0;
  }

  /**
   * Returns the level above this one, for reads that fill their buffers, or the same level where it is the largest or
   * enough buffers of the next are lent.
   */
  above(level: number): number {
    const next = level + 1;
    if (level === TOP_LEVEL) return level;
    if (next > OWN_LEVEL && this.#lentBytes(next) + levelBytes(next) > LENT_BYTES_PER_LEVEL) return level;
    return next;
  }

  /** Takes a buffer of `levelBytes(level)` bytes; its content is left over from its last use. */
  take(level: number): Uint8Array {
    this.#lent[level] = (this.#lent[level] ?? 0) + 1;
    const free = this.#free[level];
    const buffer = free?.pop();
    if (buffer !== undefined) return buffer;
    const size = levelBytes(level);
    return level === 0 ? this.#cutSlab(size) : new Uint8Array(size);
  }

  /** Swaps a buffer for one of the next level that begins with the same bytes. */
  grow(level: number, buffer: Uint8Array): Uint8Array {
    const larger = this.take(level + 1);
    larger.set(buffer);
    this.give(level, buffer);
    return larger;
  }

  /** Returns a buffer to the pool. No read or write may be pending on it, and the caller must not touch it again. */
  give(level: number, buffer: Uint8Array): void {
    this.#lent[level] = (this.#lent[level] ?? 0) - 1;
    const free = this.#free[level];
    // Small ones are always kept: a slab cannot be freed while a piece of it is in use.
    if (free !== undefined && (level === 0 || free.length * buffer.length < KEPT_BYTES_PER_LEVEL)) {
      free.push(buffer);
    }
  }

  /** A buffer for what is received and sent on in one go; its content lasts until the caller returns. */
  get scratch(): Uint8Array<ArrayBuffer> {
    return this.#scratch ??= new Uint8Array(SCRATCH_BYTES);
  }

  /**
   * How much of {@link BufferPool.scratch} to receive into: all of it, or what each direction may have, where so much is
   * held already for receivers that are full.
   */
  get scratchBytes(): number {
    return this.#heldBytes < HELD_BYTES ? SCRATCH_BYTES : levelBytes(OWN_LEVEL);
  }

  /** Copies bytes that a receiver has no room for; {@link BufferPool.release} ends it. */
  hold(bytes: Uint8Array, start: number, end: number): Uint8Array<ArrayBuffer> {
    this.#heldBytes += end - start;
    return new Uint8Array(bytes.subarray(start, end));
  }

  /** Frees bytes that were held. */
  release(bytes: Uint8Array): void {
    this.#heldBytes -= bytes.length;
  }

  #lentBytes(level: number): number {
    return (this.#lent[level] ?? 0) * levelBytes(level);
  }

  #cutSlab(size: number): Uint8Array {
    const slab = new ArrayBuffer(SLAB_BYTES);
    for (let offset = size; offset < SLAB_BYTES; offset += size) {
      this.#free[0]?.push(new Uint8Array(slab, offset, size));
    }
    return new Uint8Array(slab, 0, size);
  }
}
