import type { Cidr } from "../base/mod.ts";
import type { TimestampResolution } from "../protocol/mod.ts";

/** The sessions to capture: one, or those of an app. */
export type CaptureSubject =
  | { readonly kind: "session"; readonly id: number }
  | {
    readonly kind: "app";
    readonly app: string;
    /** Clients in these blocks; empty for all. */
    readonly clients: readonly Cidr[];
  };

/** A request for a capture. */
export interface CaptureRequest {
  readonly subject: CaptureSubject;
  /** The program and its version, for the file. */
  readonly application: string;
  /** Most connections; 1 for a session. */
  readonly count: number;
  /** Largest size, in bytes. */
  readonly bytes: number;
  /** Longest time, in milliseconds. */
  readonly forMs: number;
  readonly resolution: TimestampResolution;
}

/** Defaults and largest values of a {@link CaptureRequest}. */
export const CAPTURE_LIMITS = {
  count: { default: 100, most: 10_000 },
  bytes: { least: 4096, default: 10 * 1024 ** 2, most: 1024 ** 3 },
  forMs: { least: 1000, default: 60_000, most: 3_600_000 },
} as const;

/** How many captures there may be at once. */
export const MAX_CAPTURES = 4;

/** One capture's order to one thread. Plain data, so that it can travel to a worker. */
export interface CaptureOrder {
  /** Unique in this process. */
  readonly capture: number;
  readonly subject: CaptureSubject;
  readonly resolution: TimestampResolution;
  /** The memory that all threads share, of {@link CaptureMemory}. */
  readonly memory: SharedArrayBuffer;
}

/** The counts of one thread's capture so far. */
export interface CaptureCounts {
  readonly sessionsBegun: number;
  readonly sessionsEnded: number;
  /** Packets lost on each interface, because the reader was slow. */
  readonly dropped: readonly [client: number, target: number];
}

/** Takes what one thread captures. */
export interface CaptureOutput {
  /** Takes whole blocks, which may be none; they are the receiver's now. */
  packets(blocks: Uint8Array<ArrayBuffer>, counts: CaptureCounts): void;
  /** Nothing follows. */
  ended(): void;
}
