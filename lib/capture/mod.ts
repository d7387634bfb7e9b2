/** Captures of live sessions, as files for Wireshark: taps in the threads that carry sessions, one file for each reader. */
export {
  type CaptureEnd,
  type CaptureFeed,
  CaptureFile,
  type CaptureSummary,
  type FeedOutput,
} from "./capture_file.ts";
export { CaptureMemory, HELD_BYTES } from "./capture_memory.ts";
export { describeSubject } from "./_file_blocks.ts";
export { CaptureCopy, type CopiedCapture } from "./capture_copy.ts";
export { CaptureFiles, type CaptureStart, type CaptureThreads } from "./capture_files.ts";
export { LocalCaptures } from "./local_captures.ts";
export {
  CAPTURE_LIMITS,
  type CaptureCounts,
  type CaptureOrder,
  type CaptureOutput,
  type CaptureRequest,
  type CaptureSubject,
  MAX_CAPTURES,
} from "./order.ts";
export { type TappableSession, ThreadCaptures, type ThreadCapturesOptions } from "./thread_captures.ts";
export { wallClock } from "./wall_clock.ts";
