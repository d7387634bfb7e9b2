import { configureSync, getLogger as getLogTapeLogger, resetSync } from "@logtape/logtape";
import type { LogFormat } from "./access_format.ts";
import { type LogDestination, stderrDestination } from "./destination.ts";
import { type ColorChoice, isColored } from "./color.ts";
import { isOneTerminal } from "./_same_terminal.ts";
import { LineWriter } from "./_line_writer.ts";
import { operationalFormatter } from "./_operational_format.ts";

/** How grave a line is, from the least. */
export const LOG_LEVELS = ["debug", "info", "warning", "error"] as const;

/** One of {@link LOG_LEVELS}. */
export type LogLevel = typeof LOG_LEVELS[number];

/** The slice of the config's `log` that the operational log wants. */
export interface LoggingConfig {
  /** The least grave level that is written. */
  readonly level: LogLevel;
  readonly format: LogFormat;
}

/** How the operational log is written. */
export interface LoggingOptions {
  /** Where lines go; stderr by default. The log owns it. */
  readonly destination?: LogDestination;
  /** Whether lines of the text format are coloured; default on a terminal, unless `NO_COLOR` is set. */
  readonly color?: ColorChoice;
}

/**
 * A room's voice. `{name}` in a message is replaced by the property of that name; a property that the message does not
 * name follows it as `name=value`. Text from elsewhere belongs into properties, never into the message itself: what it
 * has of braces would be read as names.
 */
export interface Logger {
  debug(message: string, properties?: Record<string, unknown>): void;
  info(message: string, properties?: Record<string, unknown>): void;
  warning(message: string, properties?: Record<string, unknown>): void;
  error(message: string, properties?: Record<string, unknown>): void;
  /** Whether lines of this level are written; spares making costly properties. */
  isEnabledFor(level: LogLevel): boolean;
}

const PROGRAM = "tcpproxy";
/** Long enough to gather a burst, too short to be noticed by who reads along. */
const DELAY_MS = 5;

let writer: LineWriter | undefined;
/** Whether the writer's lines come to the terminal that stdout is. */
let isOnStdoutTerminal = false;

const NO_TERMINAL = { isTerminal: (): boolean => false };

/**
 * The writer of this log, where a reader sees its lines and those of stdout as one text: lines that go through it too
 * come in the order in which they were written.
 */
export function writerOfStdoutTerminal(): LineWriter | undefined {
  return isOnStdoutTerminal ? writer : undefined;
}

/**
 * The logger of a room (`getLogger("listen")`) or of a part of it (`getLogger("listen", "accept")`). Silent until
 * {@link setUpLogging}; may be taken before.
 */
export function getLogger(...category: readonly string[]): Logger {
  return getLogTapeLogger([PROGRAM, ...category]);
}

/**
 * Starts the operational log, or starts it anew with another level or format. Needs no permission. Lines are gathered
 * for 5 ms and written aside, because a stderr that nobody reads must not stop the proxy; they are flushed when the
 * process ends.
 */
export function setUpLogging(config: LoggingConfig, options: LoggingOptions = {}): void {
  if (writer === undefined || options.destination !== undefined) {
    void writer?.close();
    writer = openWriter(options.destination ?? stderrDestination());
    isOnStdoutTerminal = options.destination === undefined && isOneTerminal();
  }
  const format = operationalFormatter(
    config.format,
    isColored(options.color ?? "auto", options.destination === undefined ? Deno.stderr : NO_TERMINAL),
  );
  const current = writer;
  configureSync({
    reset: true,
    sinks: { lines: (record): void => current.write(format(record)) },
    loggers: [
      { category: PROGRAM, sinks: ["lines"], lowestLevel: config.level },
      // LogTape's own voice; without this it would speak through the console.
      { category: ["logtape", "meta"], sinks: ["lines"], lowestLevel: "error" },
    ],
  });
}

/** Writes all lines that wait, now. For the end of the process; see {@link closeLogging}. */
export function flushLogging(): void {
  writer?.flushSync();
}

/** Writes all lines that wait, for at most `deadlineMs` (2 s by default), and ends the log. Idempotent. */
export async function closeLogging(deadlineMs?: number): Promise<void> {
  const closing = writer;
  writer = undefined;
  isOnStdoutTerminal = false;
  if (closing === undefined) return;
  resetSync();
  await closing.close(deadlineMs);
}

function openWriter(destination: LogDestination): LineWriter {
  return new LineWriter(destination, {
    delayMs: DELAY_MS,
    onProblem: (problem): void => {
      // Of the rest nobody can be told: this is the log that would tell it.
      if (problem.kind === "recovered" && problem.droppedLines > 0) {
        getLogger("log").warning("write the log: {droppedLines} lines were dropped while stderr took none", {
          droppedLines: problem.droppedLines,
        });
      }
    },
  });
}
