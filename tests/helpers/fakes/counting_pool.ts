import { BufferPool } from "../../../lib/relay/mod.ts";

/** A pool that knows how many of its buffers are out, and of the copies that wait for a full receiver. */
export class CountingPool extends BufferPool {
  out = 0;

  override take(level: number): Uint8Array {
    this.out++;
    return super.take(level);
  }

  override give(level: number, buffer: Uint8Array): void {
    this.out--;
    super.give(level, buffer);
  }

  override hold(bytes: Uint8Array, start: number, end: number): Uint8Array<ArrayBuffer> {
    this.out++;
    return super.hold(bytes, start, end);
  }

  override release(bytes: Uint8Array): void {
    this.out--;
    super.release(bytes);
  }
}
