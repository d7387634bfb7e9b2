import { eventFrame, HEARTBEAT, PREAMBLE } from "./event_frame.ts";

type Frame = Uint8Array<ArrayBuffer>;

/** The most that waits for one reader, besides one snapshot. */
export interface EventQueueLimits {
  readonly maxFrames: number;
  readonly maxBytes: number;
}

const LIMITS: EventQueueLimits = { maxFrames: 2048, maxBytes: 512 * 1024 };

/** The size from which a reader takes the waiting events in several parts. */
const PART_BYTES = 64 * 1024;

/**
 * The events that wait for one reader. When it is full, it drops what comes until the reader has taken all that
 * waits, and then says in an `overflow` event how much that was. Only the latest snapshot waits.
 */
export class EventQueue {
  readonly #limits: EventQueueLimits;
  #frames: Frame[] = [PREAMBLE];
  #bytes = PREAMBLE.length;
  #snapshot: Frame | undefined;
  #dropped = 0;

  constructor(limits: Partial<EventQueueLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
  }

  get isEmpty(): boolean {
    return this.#frames.length === 0 && this.#snapshot === undefined && this.#dropped === 0;
  }

  push(frame: Frame): void {
    const { maxFrames, maxBytes } = this.#limits;
    if (this.#dropped > 0 || this.#frames.length >= maxFrames || this.#bytes + frame.length > maxBytes) {
      this.#dropped++;
      return;
    }
    this.#frames.push(frame);
    this.#bytes += frame.length;
  }

  /** Puts a snapshot in place of the one that waits. */
  putSnapshot(frame: Frame): void {
    this.#snapshot = frame;
  }

  /** Adds a heartbeat unless other frames wait, which show as much. */
  beat(): void {
    if (this.isEmpty) this.push(HEARTBEAT);
  }

  /** Takes the next part of what waits; `undefined` where nothing does. */
  take(): Frame | undefined {
    const parts: Frame[] = [];
    let length = 0;
    let next = 0;
    for (; next < this.#frames.length && length < PART_BYTES; next++) {
      const frame = this.#frames[next];
      if (frame === undefined) break;
      parts.push(frame);
      length += frame.length;
    }
    this.#frames = this.#frames.slice(next);
    this.#bytes -= length;
    if (this.#frames.length === 0) {
      if (this.#dropped > 0) parts.push(eventFrame("overflow", JSON.stringify({ dropped: this.#dropped })));
      if (this.#snapshot !== undefined) parts.push(this.#snapshot);
      this.#dropped = 0;
      this.#snapshot = undefined;
    }
    return parts.length === 0 ? undefined : joined(parts);
  }
}

function joined(parts: readonly Frame[]): Frame {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
