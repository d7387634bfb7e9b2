import type { Duplex } from "../base/mod.ts";
import { type BufferPool, levelBytes } from "./buffers.ts";
import { type Flow, Joint, type RelayContext, type RelayEnds, type RelayEngine } from "./flow.ts";
import type { Ticker } from "./sweep.ts";

/** What the pump shares among all sessions of a thread. */
export interface PumpOptions {
  readonly buffers: BufferPool;
  /** Gives the time at which bytes passed, as coarse as the timers that read it. */
  readonly ticker: Ticker;
}

/**
 * The first engine: a read and a write loop a direction, for plain relaying.
 *
 * A direction reads only after its last chunk is written, so that a slow receiver slows its sender and no more than one
 * buffer a direction is held. The sender's FIN is passed on as FIN and the other direction goes on (RFC 9293 section
 * 3.6). The first failure stops both directions.
 */
export function pumpEngine(options: PumpOptions): RelayEngine {
  return (ends: RelayEnds, context: RelayContext) =>
    new Promise((resolve) => {
      // Neither promise rejects, and the joint tells when both have settled: one relay, and no more promises than that.
      const joint = new Joint(context, options.ticker, resolve);
      pump(ends.client, ends.target, context.up, joint, options, context);
      pump(ends.target, ends.client, context.down, joint, options, undefined);
    });
}

async function pump(
  from: Duplex,
  to: Duplex,
  flow: Flow,
  joint: Joint,
  options: PumpOptions,
  first: Pick<RelayContext, "lead" | "early"> | undefined,
): Promise<void> {
  const { buffers, ticker } = options;
  const early = first?.early;
  let level = 0;
  let buffer = early === undefined ? buffers.take(0) : early.buffer;
  let pending = early?.result;
  let reading = false;
  let writes = 0;
  try {
    if (first?.lead !== undefined) {
      writes++;
      await passLead(first.lead, to, flow, ticker);
    }
    reading = true;
    for (;;) {
      const count = await (pending ?? from.read(buffer));
      pending = undefined;
      if (count === null) break;
      reading = false;
      // Never held back is the first write alone: most short connections have no second one, and pay for no option.
      if (++writes === 2) to.setNoDelay?.(true);
      const chunk = count === buffer.length ? buffer : buffer.subarray(0, count);
      let written = await to.write(chunk);
      flow.bytes += written;
      flow.lastByteMs = ticker.nowMs;
      while (written < count) {
        const more = await to.write(chunk.subarray(written));
        written += more;
        flow.bytes += more;
        flow.lastByteMs = ticker.nowMs;
      }
      reading = true;
      const next = count === buffer.length ? buffers.above(level) : calmLevel(level, count);
      if (next !== level) {
        buffers.give(level, buffer);
        level = next;
        buffer = buffers.take(level);
      }
    }
    reading = false;
    // When the other direction has finished already, closing the sockets says it all.
    if (!joint.finish(flow)) await to.closeWrite();
  } catch (error) {
    // Going up, a read is from the client and a write to the target; going down, the other way round.
    joint.fail((flow.direction === "up") === reading ? "client" : "target", error);
    // The lead failed before the early read was waited for, which ends now that the connection is closed.
    if (pending !== undefined) await pending.catch(() => {});
  }
  buffers.give(level, buffer);
  joint.leave();
}

/** In a function of its own, so that nothing of the lead is kept for as long as the relay lasts. */
async function passLead(lead: Uint8Array, to: Duplex, flow: Flow, ticker: Ticker): Promise<void> {
  for (let written = 0; written < lead.length;) {
    const count = await to.write(written === 0 ? lead : lead.subarray(written));
    written += count;
    flow.bytes += count;
    flow.lastByteMs = ticker.nowMs;
  }
}

/**
 * The level after a read that left room. (One that left none means that more is waiting: the next larger one, where there
 * is one.) A mostly empty buffer means that the sender pauses: go back to the small one, because the next read may be
 * pending for hours. What comes by the packetful at less than full speed would climb all levels again for each burst, and
 * stays on the level between.
 */
function calmLevel(level: number, count: number): number {
  if (count >= levelBytes(level) / 4) return level;
  return level > BURST_LEVEL && count >= levelBytes(BURST_LEVEL) / 4 ? BURST_LEVEL : 0;
}

/** 64 KiB: what one segment of a fast network's card or of the loopback carries. */
const BURST_LEVEL = 3;
