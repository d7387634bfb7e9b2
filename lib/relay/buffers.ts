/**
 * Buffers for the pump: small while a direction is quiet, large and pooled while reads fill them.
 *
 * An idle connection holds two small buffers for as long as it lives (a pending read cannot be given another buffer),
 * so their size is most of what an idle connection costs; a busy one borrows large buffers, because the price of a
 * read and a write is per call and not per byte. Sizes measured in `docs/adr/0002-relay-engines.md`.
 *
 * @module
 */

/**
 * Sizes of the levels, in bytes; a read that fills its buffer moves up a level, and a message that does not fit a small
 * one is read to its end before it is written ({@link OWN_LEVEL}). 512 bytes hold what an idle connection
 * says to stay alive; 2 KiB hold the requests and replies of chatty protocols (Redis, PostgreSQL, small HTTP) whole, and
 * a connection that speaks one of them stays there.
 */
export const BUFFER_LEVELS: readonly number[] = [512, 2 * 1024, 16 * 1024, 64 * 1024, 768 * 1024];

/** Index of the largest level. */
export const TOP_LEVEL = BUFFER_LEVELS.length - 1;

/** Bytes of a buffer of this level. */
export function levelBytes(level: number): number {
  return BUFFER_LEVELS[level] ?? 0;
}

/** Small buffers are cut from slabs of this many bytes: one allocation of the runtime serves 512 of them. */
const SLAB_BYTES = 256 * 1024;

/** Free buffers kept a level, in bytes: beyond that they are left to the collector. */
const KEPT_BYTES_PER_LEVEL = 8 * 1024 * 1024;

/** 64 KiB: what one segment of a fast network's card or of the loopback carries. */
const BURST_LEVEL = 3;

/** A buffer up to this level is any direction's to have, as with other proxies; larger ones are lent while there are some. */
export const OWN_LEVEL = 2;

/**
 * Bytes lent at once of each level above {@link OWN_LEVEL}. A receiver that does not read keeps its direction's buffer for
 * as long as its session lasts, so ten thousand of them would keep 5 GB of the largest ones.
 */
const LENT_BYTES_PER_LEVEL = 64 * 1024 * 1024;

/** Hands out buffers a level and takes them back. One pool serves a whole thread. */
export class BufferPool {
  readonly #free: Uint8Array[][] = BUFFER_LEVELS.map(() => []);
  /** Buffers that are out, a level. */
  readonly #lent: number[] = BUFFER_LEVELS.map(() => 0);

  /**
   * The level of the next read, after one that gave `count` bytes.
   *
   * A full buffer means that more is waiting: take the next larger one, where there is one. A mostly empty one means that
   * the sender pauses: go back to the small one, because the next read may be pending for hours. What comes by the
   * packetful at less than full speed would climb all levels again for each burst, and stays on the level between.
   */
  next(level: number, count: number): number {
    const size = levelBytes(level);
    if (count === size) return this.above(level);
    if (count >= size / 4) return level;
    return level > BURST_LEVEL && count >= levelBytes(BURST_LEVEL) / 4 ? BURST_LEVEL : 0;
  }

  /**
   * The level for a direction whose reads fill their buffers of this one: the next, or the same where that is the largest
   * or enough of the next are lent.
   */
  above(level: number): number {
    const next = level + 1;
    if (level === TOP_LEVEL) return level;
    if (next > OWN_LEVEL && this.#lentBytes(next) + levelBytes(next) > LENT_BYTES_PER_LEVEL) return level;
    return next;
  }

  /** A buffer of `levelBytes(level)` bytes; its content is whatever was in it last. */
  take(level: number): Uint8Array {
    this.#lent[level] = (this.#lent[level] ?? 0) + 1;
    const free = this.#free[level];
    const buffer = free?.pop();
    if (buffer !== undefined) return buffer;
    const size = levelBytes(level);
    return level === 0 ? this.#cutSlab(size) : new Uint8Array(size);
  }

  /** A buffer of the next level that begins with all of this one, which is taken back. */
  grow(level: number, buffer: Uint8Array): Uint8Array {
    const larger = this.take(level + 1);
    larger.set(buffer);
    this.give(level, buffer);
    return larger;
  }

  /** Takes back a buffer on which no read or write is pending, and that the caller no longer touches. */
  give(level: number, buffer: Uint8Array): void {
    this.#lent[level] = (this.#lent[level] ?? 0) - 1;
    const free = this.#free[level];
    // Small ones are always kept: a slab cannot be freed while one piece of it is in use.
    if (free !== undefined && (level === 0 || free.length * buffer.length < KEPT_BYTES_PER_LEVEL)) {
      free.push(buffer);
    }
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
