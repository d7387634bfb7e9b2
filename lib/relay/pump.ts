import { type Clock, type Duplex, sendAtOnce } from "../base/mod.ts";
import { atOnce } from "./_at_once.ts";
import { type BufferPool, OWN_LEVEL } from "./buffers.ts";
import type { Flow, RelayContext, RelayEnds, RelayEngine } from "./flow.ts";
import { HalfCloseState, type Next } from "./_half_close_state.ts";
import type { Pace } from "./pace.ts";
import type { Ticker } from "./sweep.ts";
import { teardown } from "./_teardown.ts";

/** Options of a pump: what all sessions of a thread share, and one session's pace. */
export interface PumpOptions {
  readonly buffers: BufferPool;
  /** The clock for the time of the last byte, as coarse as the timers that read it. */
  readonly ticker: Ticker;
  /** For the time of the first byte; default nobody needs it. */
  readonly clock?: Clock;
  /** Rate limit of each direction; default: none. A pace belongs to a single session. */
  readonly up?: Pace | undefined;
  readonly down?: Pace | undefined;
}

/**
 * Returns the plain engine: one read and write loop per direction, paced where there is a bandwidth limit.
 *
 * A direction reads only after its last chunk is written, so a slow receiver slows its sender, and each direction
 * holds at most one buffer. When a small buffer is full, the rest of the message is read before it is written, if it
 * has arrived: many receivers take the result of one read for one message. The sender's FIN is passed on as FIN, and
 * the other direction goes on (RFC 9293 section 3.6). What a side sent before it fails still passes ({@link
 * HalfCloseState}).
 */
export function pumpEngine(options: PumpOptions): RelayEngine {
  return (ends: RelayEnds, context: RelayContext) =>
    new Promise((resolve) => {
      // Neither promise rejects, and the state reports when both have settled: no further promise per relay.
      const state = new HalfCloseState(context, options.ticker, resolve);
      pump(ends.client, ends.target, context.up, state, options, options.up, context);
      pump(ends.target, ends.client, context.down, state, options, options.down, undefined);
    });
}

async function pump(
  from: Duplex,
  to: Duplex,
  flow: Flow,
  state: HalfCloseState,
  options: PumpOptions,
  pace: Pace | undefined,
  first: Pick<RelayContext, "prefetched" | "pendingRead"> | undefined,
): Promise<void> {
  const { buffers, ticker } = options;
  const pendingRead = first?.pendingRead;
  // Up to this level, a message that has arrived whole is read whole.
  const wholeLevel = Math.min(OWN_LEVEL, pace?.topLevel ?? OWN_LEVEL);
  let level = 0;
  let buffer = pendingRead === undefined ? buffers.take(0) : pendingRead.buffer;
  let room = pace === undefined ? buffer : pace.window(buffer);
  let pending = pendingRead?.result;
  // Offset in the buffer at which the pending read stores its bytes.
  let start = 0;
  let writes = 0;
  let next: Next = "leave";
  try {
    if (first?.prefetched !== undefined) {
      state.tap?.read(flow, first.prefetched);
      writes += await passPieces(first.prefetched, { to, flow, ticker, state, pace });
    }
    flow.reading = true;
    for (;;) {
      let count = await (pending ?? from.read(room));
      pending = undefined;
      if (count === null) break;
      let last = count;
      // A message that a small buffer cut in two: the rest has most likely arrived.
      while (start + count === buffer.length && level < wholeLevel) {
        buffer = room = buffers.grow(level, buffer);
        level++;
        pending = from.read(buffer.subarray(start + count));
        const more = await atOnce(pending);
        if (more === undefined) break;
        pending = undefined;
        last = more;
        count += more;
      }
      flow.reading = false;
      const chunk = count === buffer.length ? buffer : buffer.subarray(start, start + count);
      state.tap?.read(flow, chunk);
      const isFull = start + count === buffer.length;
      start = pending === undefined ? 0 : start + count;
      // Nagle's algorithm never delays the first write, and most short connections have no second: they skip the
      // option.
      if (++writes === 2) sendAtOnce(to);
      if (pace !== undefined && count > pace.pieceBytes) {
        // The pending read was begun without the pace.
        await passPieces(chunk, { to, flow, ticker, state, pace });
      } else {
        const wait = pace?.keep(count, state);
        if (wait !== undefined) await wait;
        let written = await to.write(chunk);
        flow.bytes += written;
        flow.lastByteMs = ticker.nowMs;
        state.tap?.wrote(flow, chunk.subarray(0, written));
        while (written < count) {
          const more = await to.write(chunk.subarray(written));
          state.tap?.wrote(flow, chunk.subarray(written, written + more));
          written += more;
          flow.bytes += more;
          flow.lastByteMs = ticker.nowMs;
        }
      }
      if (writes === 1 && flow.direction === "down") flow.firstByteMs = options.clock?.nowMs() ?? -1;
      flow.reading = true;
      if (pending !== undefined) continue;
      // Sized by the last read alone, so that an idle direction holds no more than if each read had been written by
      // itself.
      let fitting = isFull ? buffers.above(level) : buffers.next(level, last);
      if (pace !== undefined && fitting > pace.topLevel) fitting = pace.topLevel;
      if (fitting !== level) {
        buffers.give(level, buffer);
        level = fitting;
        buffer = buffers.take(level);
        room = pace === undefined ? buffer : pace.window(buffer);
      }
    }
    flow.reading = false;
    state.tap?.readEnd(flow);
    if (state.finish(flow) === "finish") {
      await to.closeWrite();
      state.tap?.wroteEnd(flow);
    }
  } catch (error) {
    next = state.fail(flow, flow.reading ? flow.sender : flow.receiver, error);
  }
  const begun = pending;
  // A read that is still pending owns the buffer.
  if (begun === undefined) buffers.give(level, buffer);
  if (next !== "leave" || begun !== undefined) {
    const left = begun === undefined ? undefined : { buffer: buffer.subarray(start), result: begun };
    await teardown(next, { from, to, flow, state, buffers, ticker, pace }, left);
    if (begun !== undefined) buffers.give(level, buffer);
  }
  state.leave(flow);
}

interface PieceWay {
  readonly to: Duplex;
  readonly flow: Flow;
  readonly ticker: Ticker;
  readonly state: HalfCloseState;
  readonly pace: Pace | undefined;
}

/**
 * Writes bytes that were read without regard to the pace, in pieces that keep to it; returns 1. A function of its
 * own, so that the prefetched bytes are not held for as long as the relay lasts.
 */
async function passPieces(bytes: Uint8Array, { to, flow, ticker, state, pace }: PieceWay): Promise<1> {
  const pieceBytes = pace?.pieceBytes ?? bytes.length;
  if (bytes.length > pieceBytes) sendAtOnce(to);
  for (let written = 0; written < bytes.length;) {
    const piece = bytes.subarray(written, written + pieceBytes);
    await pace?.keep(piece.length, state);
    for (let left = piece; left.length > 0;) {
      const count = await to.write(left);
      state.tap?.wrote(flow, left.subarray(0, count));
      written += count;
      left = left.subarray(count);
      flow.bytes += count;
      flow.lastByteMs = ticker.nowMs;
    }
  }
  return 1;
}
