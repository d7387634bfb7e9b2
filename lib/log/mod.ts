/**
 * What the program says: the access log (one line per session, batched) and the operational log (LogTape). Nothing here
 * blocks traffic, and no line can be forged by what comes from the network.
 */
export * from "./access.ts";
export * from "./access_format.ts";
export * from "./access_record.ts";
export type { ColorChoice } from "./color.ts";
export * from "./destination.ts";
export * from "./file_check.ts";
export {
  closeLogging,
  flushLogging,
  getLogger,
  LOG_LEVELS,
  type Logger,
  type LoggingConfig,
  type LoggingOptions,
  type LogLevel,
  setUpLogging,
} from "./operational.ts";
export * from "./problem_report.ts";
export type { LogProblem } from "./_line_writer.ts";
