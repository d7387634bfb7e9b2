import { errorMessage } from "../../base/mod.ts";
import { accessFormatter, type LogFormat } from "./access_format.ts";
import type { AccessFormatter, AccessRecord } from "./access_record.ts";
import { type ColorChoice, isColored } from "../color.ts";
import type { LogEnvelope } from "../envelope.ts";
import {
  type LogDestination,
  LogFile,
  processStreamAt,
  stderrDestination,
  stdoutDestination,
} from "../destination/destination.ts";
import { LineWriter, type LogProblem } from "../destination/line_writer.ts";
import { writerOfStdoutTerminal } from "../operational/operational.ts";
import { reportAccessLogProblem } from "../operational/problem_report.ts";

/** How an access log is opened. */
export interface AccessLogOptions {
  /** The format of the lines; default `text`. */
  readonly format?: LogFormat;
  /** A template in place of a format: text with `{field}`. */
  readonly template?: string | undefined;
  /** Whether lines of the text format are coloured; default never. A file's never are. */
  readonly color?: ColorChoice | undefined;
  /** The envelope of each line for a log server; default none. */
  readonly envelope?: LogEnvelope | undefined;
  /** Between attempts at a destination that fails, the pauses grow up to this. Default: 1 s, so they do not grow. */
  readonly maxRetryMs?: number;
  /**
   * Receives trouble with the destination, once when an episode begins and once when it ends. Default: the operational
   * log.
   */
  readonly onProblem?: (problem: LogProblem) => void;
}

/**
 * The access log: one line per session, written in batches of about 16 KiB or 100 ms.
 *
 * Writing never waits and never throws: a destination that fails or stalls costs lines (whole ones, counted), never
 * traffic. At most about 8 MiB wait to be written.
 */
export class AccessLog {
  /** A disabled log: formats nothing, writes nothing. */
  static readonly off: AccessLog = new AccessLog();

  readonly #format: AccessFormatter;
  readonly #writer: LineWriter | undefined;
  readonly #isShared: boolean;
  readonly #file: LogFile | undefined;
  readonly #onProblem: (problem: LogProblem) => void;
  #reopening: Promise<boolean> | undefined;
  /** Requested during another reopening, which may have opened the file before it was renamed. */
  #isAskedAgain = false;

  /** `file`: the file that the destination was opened from, if any. */
  private constructor(
    destination?: LogDestination | LineWriter,
    options: AccessLogOptions & { file?: LogFile } = {},
  ) {
    this.#onProblem = options.onProblem ?? reportAccessLogProblem;
    this.#isShared = destination instanceof LineWriter;
    this.#writer = destination instanceof LineWriter
      ? destination
      : destination && new LineWriter(destination, {
        onProblem: this.#onProblem,
        ...(options.maxRetryMs === undefined ? {} : { maxRetryMs: options.maxRetryMs }),
      });
    this.#file = options.file;
    this.#format = accessFormatter(options.format ?? "text", {
      template: options.template,
      color: isColored(options.color ?? "never", Deno.stdout),
      envelope: options.envelope,
    });
  }

  /**
   * Opens the log that the config's `log.access` names: `true` is stdout, `false` is {@link AccessLog.off}, a string is the
   * path of a file to append to, or a name of the process's own streams (`/dev/stdout`, `/dev/stderr`).
   *
   * @throws {LogOpenError} if the file cannot be opened within 5 s.
   */
  static async open(access: boolean | string, options: AccessLogOptions = {}): Promise<AccessLog> {
    if (access === false) return AccessLog.off;
    const stream = access === true ? "stdout" : processStreamAt(access);
    if (stream === "stderr") return new AccessLog(stderrDestination(), { ...options, color: "never" });
    // On one terminal, access lines and operational ones appear in the order in which they were written.
    if (access === true || stream === "stdout") {
      return new AccessLog(writerOfStdoutTerminal() ?? stdoutDestination(), options);
    }
    const file = new LogFile(access);
    return new AccessLog(await file.open(), { ...options, color: "never", file });
  }

  /** Returns a log that writes to `destination` and takes ownership of it. */
  static to(destination: LogDestination, options: AccessLogOptions = {}): AccessLog {
    return new AccessLog(destination, options);
  }

  /** Whether records are written; otherwise a caller need not create one. */
  get enabled(): boolean {
    return this.#writer !== undefined;
  }

  /** The number of lines that could not be written since the log was opened. */
  get droppedLines(): number {
    return this.#writer?.droppedLines ?? 0;
  }

  /** Writes one record. */
  write(record: AccessRecord): void {
    if (this.#writer !== undefined) this.#writer.write(this.#format(record));
  }

  /**
   * Reopens the file after log rotation has renamed it, and returns whether it did; false if the log is not a file.
   * Pending lines go to the new file. If that cannot be opened, `onProblem` is called and the old file stays in use.
   * Never rejects.
   */
  reopen(): Promise<boolean> {
    this.#isAskedAgain = true;
    return this.#reopening ??= this.#reopenWhileAsked();
  }

  async #reopenWhileAsked(): Promise<boolean> {
    let hasReopened = false;
    while (this.#isAskedAgain) {
      this.#isAskedAgain = false;
      hasReopened = await this.#reopenOnce();
    }
    this.#reopening = undefined;
    return hasReopened;
  }

  async #reopenOnce(): Promise<boolean> {
    if (this.#writer === undefined || this.#file === undefined) return false;
    try {
      this.#writer.replace(await this.#file.open());
      return true;
    } catch (error) {
      this.#onProblem({ kind: "not_reopened", message: errorMessage(error) });
      return false;
    }
  }

  /** Writes pending lines synchronously, at the end of the process; waits for the reader unless that has stalled. */
  flushSync(): void {
    this.#writer?.flushSync();
  }

  /** Writes pending lines for at most `deadlineMs` (default 2 s), and closes the destination. Idempotent. */
  async close(deadlineMs?: number): Promise<void> {
    if (!this.#isShared) await this.#writer?.close(deadlineMs);
  }
}
