import { errorMessage } from "../base/mod.ts";
import { accessFormatter, type LogFormat } from "./access_format.ts";
import type { AccessFormatter, AccessRecord } from "./access_record.ts";
import { type ColorChoice, isColored } from "./color.ts";
import {
  type LogDestination,
  LogFile,
  processStreamAt,
  stderrDestination,
  stdoutDestination,
} from "./destination.ts";
import { LineWriter, type LogProblem } from "./_line_writer.ts";
import { writerOfStdoutTerminal } from "./operational.ts";
import { reportAccessLogProblem } from "./problem_report.ts";

/** How an access log is opened. */
export interface AccessLogOptions {
  /** The lines' form; `text` by default. */
  readonly format?: LogFormat;
  /** The form of a line in place of a format: text with `{field}`. */
  readonly template?: string | undefined;
  /** Whether lines of the text format are coloured; default never. A file's never are. */
  readonly color?: ColorChoice | undefined;
  /**
   * Told of trouble with the destination, once when an episode begins and once when it ends; the operational log by
   * default.
   */
  readonly onProblem?: (problem: LogProblem) => void;
}

/**
 * One line per session, gathered and written about every 16 KiB or 100 ms.
 *
 * Writing never waits and never throws: a destination that fails or stands still costs lines (whole ones, counted), not
 * traffic. At most about 8 MiB wait to be written.
 */
export class AccessLog {
  /** The log that nobody wanted: formats nothing, writes nothing. */
  static readonly off: AccessLog = new AccessLog();

  readonly #format: AccessFormatter;
  readonly #writer: LineWriter | undefined;
  readonly #isShared: boolean;
  readonly #file: LogFile | undefined;
  readonly #onProblem: (problem: LogProblem) => void;
  #reopening: Promise<boolean> | undefined;
  /** Asked for while one was under way, which may have opened the file before it was renamed. */
  #isAskedAgain = false;

  /** `file` where the destination came from one. */
  private constructor(
    destination?: LogDestination | LineWriter,
    options: AccessLogOptions & { file?: LogFile } = {},
  ) {
    this.#onProblem = options.onProblem ?? reportAccessLogProblem;
    this.#isShared = destination instanceof LineWriter;
    this.#writer = destination instanceof LineWriter
      ? destination
      : destination && new LineWriter(destination, { onProblem: this.#onProblem });
    this.#file = options.file;
    this.#format = accessFormatter(options.format ?? "text", {
      template: options.template,
      color: isColored(options.color ?? "never", Deno.stdout),
    });
  }

  /**
   * Opens what the config's `log.access` says: `true` is stdout, `false` is {@link AccessLog.off}, a text is the path of a
   * file that is appended to, or one of the names of the process's own streams (`/dev/stdout`, `/dev/stderr`).
   *
   * @throws {LogOpenError} when the file cannot be opened, or not within 5 s.
   */
  static async open(access: boolean | string, options: AccessLogOptions = {}): Promise<AccessLog> {
    if (access === false) return AccessLog.off;
    const stream = access === true ? "stdout" : processStreamAt(access);
    if (stream === "stderr") return new AccessLog(stderrDestination(), { ...options, color: "never" });
    // On one terminal, access lines and operational ones come in the order in which they were written.
    if (access === true || stream === "stdout") {
      return new AccessLog(writerOfStdoutTerminal() ?? stdoutDestination(), options);
    }
    const file = new LogFile(access);
    return new AccessLog(await file.open(), { ...options, color: "never", file });
  }

  /** A log that writes to `destination` and owns it from here. */
  static to(destination: LogDestination, options: AccessLogOptions = {}): AccessLog {
    return new AccessLog(destination, options);
  }

  /** Whether records are wanted at all; a caller may skip making one. */
  get enabled(): boolean {
    return this.#writer !== undefined;
  }

  /** How many lines could not be written since the log was opened. */
  get droppedLines(): number {
    return this.#writer?.droppedLines ?? 0;
  }

  /** Takes one record. */
  write(record: AccessRecord): void {
    if (this.#writer !== undefined) this.#writer.write(this.#format(record));
  }

  /**
   * Opens the file anew, after log rotation has renamed it, and gives whether it did; false where the log is no file.
   * Lines that wait go to the new file. The old one stays in use until then, and when the new one cannot be opened, of
   * which `onProblem` hears. Never rejects.
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

  /** Writes all that waits, now. For the end of the process: it waits for the reader, unless that has stood still. */
  flushSync(): void {
    this.#writer?.flushSync();
  }

  /** Writes all that waits, for at most `deadlineMs` (2 s by default), and closes the destination. Idempotent. */
  async close(deadlineMs?: number): Promise<void> {
    if (!this.#isShared) await this.#writer?.close(deadlineMs);
  }
}
