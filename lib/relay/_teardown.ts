import type { Duplex } from "../base/mod.ts";
import { type BufferPool, levelBytes } from "./buffers.ts";
import type { Flow, PendingRead } from "./flow.ts";
import type { HalfCloseState, Next } from "./_half_close_state.ts";
import type { Pace } from "./pace.ts";
import type { Ticker } from "./sweep.ts";

/** One direction at its end, whichever engine moved its bytes. */
export interface DirectionEnd {
  readonly from: Duplex;
  readonly to: Duplex;
  readonly flow: Flow;
  readonly state: HalfCloseState;
  readonly buffers: BufferPool;
  readonly ticker: Ticker;
  /** Rate limit, which also holds for discarded bytes. Default: none. */
  readonly pace?: Pace | undefined;
}

/** Largest buffer for discarded bytes. */
const MAX_DISCARD_BYTES = 64 * 1024;

/**
 * Does what is left to do for a direction. Never rejects; returns when nothing is pending.
 *
 * @param begun the latest read from the sender, where it may still be pending.
 */
export async function teardown(
  first: Next,
  way: DirectionEnd,
  begun?: PendingRead,
): Promise<void> {
  const { to, flow, state } = way;
  let next = first;
  while (next !== "leave") {
    const isDiscarding = next === "discard";
    try {
      if (isDiscarding) {
        await discard(way, begun);
        next = state.finish(flow);
      } else {
        await to.closeWrite();
        state.tap?.wroteEnd(flow);
        next = "leave";
      }
    } catch (error) {
      next = state.fail(flow, isDiscarding ? flow.sender : flow.receiver, error);
    }
  }
  // "leave" implies that the connection is closed, so this read ends.
  if (begun !== undefined) await Promise.allSettled([begun.result]);
}

/** Reads and discards until the sender's FIN. */
async function discard(
  { from, flow, state, buffers, ticker, pace }: DirectionEnd,
  pending: PendingRead | undefined,
): Promise<void> {
  let level = 0;
  let buffer = buffers.take(level);
  let room = pace?.window(buffer) ?? buffer;
  try {
    for (let reading = pending;; reading = undefined) {
      const count = await (reading?.result ?? from.read(room));
      if (count === null) return state.tap?.readEnd(flow);
      state.tap?.read(flow, (reading?.buffer ?? room).subarray(0, count));
      // Until the client has been sent everything, only that counts as activity; discarded bytes do not.
      if (state.lingers) flow.lastByteMs = ticker.nowMs;
      await pace?.keep(count, state);
      const next = reading === undefined ? buffers.next(level, count) : level;
      if (next === level || next > (pace?.topLevel ?? next) || levelBytes(next) > MAX_DISCARD_BYTES) continue;
      buffers.give(level, buffer);
      level = next;
      buffer = buffers.take(level);
      room = pace?.window(buffer) ?? buffer;
    }
  } finally {
    buffers.give(level, buffer);
  }
}
