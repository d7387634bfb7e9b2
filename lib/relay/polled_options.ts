import type { Clock } from "../base/mod.ts";
import type { BufferPool } from "./buffers.ts";
import type { Ticker } from "./sweep.ts";

/** What all sessions of a thread share. */
export interface PolledOptions {
  readonly buffers: BufferPool;
  /** The clock for the time of the last byte, as coarse as the timers that read it. */
  readonly ticker: Ticker;
  /** Gives the moment of the target's first byte. Default: the moment is not known. */
  readonly clock?: Clock;
  /**
   * From how many bytes at once on a direction counts as bulk, whose bytes go through a pipe of the kernel where there is
   * one. Below, a copy costs less. Default 64 KiB.
   */
  readonly bulkBytes?: number;
}
