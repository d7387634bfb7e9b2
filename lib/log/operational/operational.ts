import { configureSync, getLogger as getLogTapeLogger, resetSync } from "@logtape/logtape";
import type { LogFormat } from "../access/access_format.ts";
import { type LogDestination, stderrDestination } from "../destination/destination.ts";
import { type ColorChoice, isColored } from "../color.ts";
import type { LogEnvelope } from "../envelope.ts";
import { isOneTerminal } from "./_same_terminal.ts";
import { Feed } from "../feed.ts";
import { LineWriter, type LogProblem } from "../destination/line_writer.ts";
import { type LogLine, logLine, operationalFormatter } from "./operational_format.ts";

/** The levels of lines, least severe first. */
export const LOG_LEVELS = ["debug", "info", "warning", "error"] as const;

/** One of {@link LOG_LEVELS}. */
export type LogLevel = typeof LOG_LEVELS[number];

/** The part of the config's `log` that concerns the operational log. */
export interface LoggingConfig {
  /** The least severe level that is written. */
  readonly level: LogLevel;
  readonly format: LogFormat;
}

/** How the operational log is written. */
export interface LoggingOptions {
  /** Where lines go; the log owns it. Default: stderr. */
  readonly destination?: LogDestination;
  /** The envelope of each line for a log server; default none. */
  readonly envelope?: LogEnvelope | undefined;
  /** As {@link AccessLogOptions.maxRetryMs}. */
  readonly maxRetryMs?: number;
  /** Receives trouble with a destination other than stderr; the log itself cannot tell of it. Default: nobody. */
  readonly onProblem?: (problem: LogProblem) => void;
  /** Whether lines of the text format are coloured. Default: on a terminal, unless `NO_COLOR` is set. */
  readonly color?: ColorChoice;
}

/**
 * The logger of a room. `{name}` in a message is replaced by the property of that name; properties that the message does
 * not name follow it as `name=value`. Untrusted text belongs in properties, never in the message, where its braces would
 * be read as names.
 */
export interface Logger {
  debug(message: string, properties?: Record<string, unknown>): void;
  info(message: string, properties?: Record<string, unknown>): void;
  warning(message: string, properties?: Record<string, unknown>): void;
  error(message: string, properties?: Record<string, unknown>): void;
  /** Whether lines of this level are written; saves computing costly properties. */
  isEnabledFor(level: LogLevel): boolean;
}

const PROGRAM = "tcpproxy";
/** Long enough to batch a burst, too short for a reader to notice. */
const DELAY_MS = 5;

let writer: LineWriter | undefined;
/** Whether the writer's lines go to the same terminal as stdout. */
let isOnStdoutTerminal = false;

/** The lines of this log for those who follow it live; each as it is written, from the configured level on. */
export const logLines: Feed<LogLine> = new Feed();

const NO_TERMINAL = { isTerminal: (): boolean => false };

/**
 * Returns the writer of this log if stdout is the same terminal: lines of both appear in order only if they go through
 * one writer.
 */
export function writerOfStdoutTerminal(): LineWriter | undefined {
  return isOnStdoutTerminal ? writer : undefined;
}

/**
 * Returns the logger of a room (`getLogger("listen")`) or of a part of it (`getLogger("listen", "accept")`). It is silent
 * until {@link setUpLogging}.
 */
export function getLogger(...category: readonly string[]): Logger {
  return getLogTapeLogger([PROGRAM, ...category]);
}

/**
 * Starts the operational log, or restarts it with another level or format. Needs no permission. Lines are batched for 5 ms
 * and written asynchronously, because a stderr that nobody reads must not stop the proxy; the end of the process flushes
 * them.
 */
export function setUpLogging(config: LoggingConfig, options: LoggingOptions = {}): void {
  if (writer === undefined || options.destination !== undefined) {
    void writer?.close();
    writer = openWriter(options.destination ?? stderrDestination(), options);
    isOnStdoutTerminal = options.destination === undefined && isOneTerminal();
  }
  const format = operationalFormatter(config.format, {
    color: isColored(options.color ?? "auto", options.destination === undefined ? Deno.stderr : NO_TERMINAL),
    envelope: options.envelope,
  });
  const current = writer;
  configureSync({
    reset: true,
    sinks: {
      lines: (record): void => {
        current.write(format(record));
        if (logLines.isWanted) logLines.publish(logLine(record));
      },
    },
    loggers: [
      { category: PROGRAM, sinks: ["lines"], lowestLevel: config.level },
      // LogTape's own messages; without this they would go to the console.
      { category: ["logtape", "meta"], sinks: ["lines"], lowestLevel: "error" },
    ],
  });
}

/** The number of lines of this log that could not be written since it was opened. */
export function droppedLogLines(): number {
  return writer?.droppedLines ?? 0;
}

/** Writes pending lines synchronously, at the end of the process; see {@link closeLogging}. */
export function flushLogging(): void {
  writer?.flushSync();
}

/** Writes pending lines for at most `deadlineMs` (default 2 s), and ends the log. Idempotent. */
export async function closeLogging(deadlineMs?: number): Promise<void> {
  const closing = writer;
  writer = undefined;
  isOnStdoutTerminal = false;
  if (closing === undefined) return;
  resetSync();
  await closing.close(deadlineMs);
}

function openWriter(
  destination: LogDestination,
  { maxRetryMs, onProblem = reportDrops }: LoggingOptions,
): LineWriter {
  return new LineWriter(destination, {
    delayMs: DELAY_MS,
    onProblem,
    ...(maxRetryMs === undefined ? {} : { maxRetryMs }),
  });
}

/** Other trouble with stderr cannot be reported: this is the log that would report it. */
function reportDrops(problem: LogProblem): void {
  if (problem.kind === "recovered" && problem.droppedLines > 0) {
    getLogger("log").warning("write the log: {droppedLines} lines were dropped while stderr took none", {
      droppedLines: problem.droppedLines,
    });
  }
}
