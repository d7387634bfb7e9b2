/**
 * The access log (one line per session, batched) and the operational log (LogTape). Neither blocks traffic, and nothing
 * from the network can forge a line.
 */
export * from "./access/access.ts";
export * from "./access/access_format.ts";
export * from "./access/access_record.ts";
export type { ColorChoice } from "./color.ts";
export * from "./destination/destination.ts";
export * from "./envelope.ts";
export * from "./feed.ts";
export * from "./destination/file_check.ts";
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
} from "./operational/operational.ts";
export type { LogLine } from "./operational/operational_format.ts";
export type { LogProblem } from "./destination/line_writer.ts";
