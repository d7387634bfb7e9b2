import { BufferPool } from "../../../lib/relay/mod.ts";

/** A pool that knows how many of its buffers are out. */
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
}
