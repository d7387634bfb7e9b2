/**
 * The access log (one line per session, batched) and the operational log (LogTape). Neither blocks traffic, and nothing
 * from the network can forge a line.
 */
export * from "./access.ts";
export * from "./access_format.ts";
export * from "./access_record.ts";
export type { ColorChoice } from "./color.ts";
export * from "./destination.ts";
export * from "./envelope.ts";
export * from "./feed.ts";
export * from "./file_check.ts";
export {
  closeLogging,
  droppedLogLines,
  flushLogging,
  getLogger,
  LOG_LEVELS,
  type Logger,
  type LoggingConfig,
  type LoggingOptions,
  type LogLevel,
  logLines,
  setUpLogging,
} from "./operational.ts";
export type { LogLine } from "./_operational_format.ts";
export type { LogProblem } from "./_line_writer.ts";
