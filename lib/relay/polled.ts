import type { RelayContext, RelayEnd, RelayEnds, RelayEngine } from "./flow.ts";
import { HalfCloseState } from "./_half_close_state.ts";
import { type First, NOTHING, settled } from "./_first.ts";
import { Line } from "./_polled_line.ts";
import type { PolledOptions } from "./polled_options.ts";

/** Whether {@link polledEngine} can relay between these connections. */
export function canBePolled({ client, target }: RelayEnds): boolean {
  return client.pollable !== undefined && target.pollable !== undefined;
}

/**
 * Returns the engine for two connections that can be polled ({@link Pollable}).
 *
 * It keeps neither a promise nor a buffer for a connection. Bytes pass through one buffer of the thread; only those that a
 * full receiver has no room for are copied, and while they are held nothing is received from their sender.
 */
export function polledEngine(options: PolledOptions): RelayEngine {
  return (ends, context) => {
    const { pendingRead, prefetched } = context;
    if (pendingRead === undefined) return relay(ends, context, options, { bytes: prefetched });
    if (ends.client.pollable?.withdrawRead()) {
      options.buffers.give(0, pendingRead.buffer);
      return relay(ends, context, options, { bytes: prefetched });
    }
    return settled(pendingRead, prefetched).then((first) => {
      options.buffers.give(0, pendingRead.buffer);
      return relay(ends, context, options, first);
    });
  };
}

function relay(
  { client, target }: RelayEnds,
  context: RelayContext,
  options: PolledOptions,
  first: First,
): Promise<RelayEnd> {
  const { pollable: near } = client;
  const { pollable: far } = target;
  if (near === undefined || far === undefined) throw new RangeError("relay: a connection cannot be polled");
  return new Promise((resolve) => {
    const state = new HalfCloseState(context, options.ticker, resolve);
    const up = new Line(near, far, { receiver: target, flow: context.up, state, options });
    const down = new Line(far, near, { receiver: client, flow: context.down, state, options });
    up.other = down;
    down.other = up;
    near.attach(up);
    far.attach(down);
    if (context.aborted) {
      // The session ended before they were attached.
      up.onClosed();
      down.onClosed();
      return;
    }
    up.start(first);
    down.start(NOTHING);
  });
}
