import { errorCode, errorMessage } from "../../base/mod.ts";
import type { LogDestination } from "./destination.ts";
import { flushAtEnd, forgetAtEnd } from "./_end_of_process.ts";

/** Trouble with a log's destination, reported once when an episode begins and once when it ends. */
export type LogProblem =
  /** A write failed. Lines are kept up to a limit and then dropped; writing is retried. */
  | { readonly kind: "failing"; readonly code: string; readonly message: string }
  /** The reader does not keep up: the limit is reached and lines are dropped. */
  | { readonly kind: "stalled" }
  /** Writing works again; `droppedLines` were dropped in this episode. */
  | { readonly kind: "recovered"; readonly droppedLines: number }
  /** The log is closed while writing does not work; `droppedLines` were dropped in this episode, the last ones included. */
  | { readonly kind: "lost"; readonly droppedLines: number }
  /** The file could not be reopened; the old one stays in use. */
  | { readonly kind: "not_reopened"; readonly message: string };

/** How a {@link LineWriter} batches lines. */
export interface LineWriterOptions {
  /** Write as soon as this much waits. Default 16 KiB, where the cost of a write becomes negligible. */
  readonly batchChars?: number;
  /** Write after this time at the latest. Default 100 ms. */
  readonly delayMs?: number;
  /** Drop lines rather than hold more than this. Default 8 MiB: the lines of 30,000 sessions that end at once. */
  readonly maxChars?: number;
  /** The first pause after a failed write is 1 s; each further one is twice as long, up to this. Default 1 s. */
  readonly maxRetryMs?: number;
  /** Receives trouble with the destination. */
  readonly onProblem?: (problem: LogProblem) => void;
}

const BATCH_CHARS = 16 * 1024;
const DELAY_MS = 100;
const MAX_CHARS = 8 * 1024 * 1024;
const CLOSE_DEADLINE_MS = 2000;
/** Between the first attempts at a destination that failed. */
const RETRY_MS = 1000;
/** Between attempts at a full non-blocking pipe, and how many attempts the end of the process makes. */
const FULL_RETRY_MS = 20;
const FULL_TRIES_AT_END = 10;
/** A write pending for this long has no reader: the end of the process does not wait for it. */
const STALL_MS = 1000;

const LINE_FEED = 10;
const encoder = new TextEncoder();

/** How a round of writing ended: nothing left to do, a full pipe, or a failed write. */
type Outcome = "done" | "full" | "failed";

/**
 * Collects lines and writes them in batches, in order, each line whole.
 *
 * Writes are asynchronous: `writeSync` to a pipe that nobody reads would block the event loop, and with it the proxy,
 * while `write` waits in a thread of the runtime. A failed write keeps its position in the batch, so that the line is
 * completed once the destination works again.
 */
export class LineWriter {
  readonly #batchChars: number;
  readonly #delayMs: number;
  readonly #maxChars: number;
  readonly #maxRetryMs: number;
  readonly #onProblem: (problem: LogProblem) => void;
  #destination: LogDestination;
  #nextDestination: LogDestination | undefined;

  /** Lines that are not in a batch yet. */
  #text = "";
  /** The bytes being written, from `#offset` on. */
  #batch: Uint8Array | undefined;
  #offset = 0;
  /** The running round of writing. It awaits at least once, so it clears this only after this has been set. */
  #round: Promise<Outcome> | undefined;
  #writingSince = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  #closing: Promise<void> | undefined;

  #droppedLines = 0;
  #troubled = false;
  #retryMs = RETRY_MS;
  #droppedBeforeTrouble = 0;

  /** Takes ownership of `destination`. */
  constructor(destination: LogDestination, options: LineWriterOptions = {}) {
    this.#destination = destination;
    this.#batchChars = options.batchChars ?? BATCH_CHARS;
    this.#delayMs = options.delayMs ?? DELAY_MS;
    this.#maxChars = options.maxChars ?? MAX_CHARS;
    this.#maxRetryMs = options.maxRetryMs ?? RETRY_MS;
    this.#onProblem = options.onProblem ?? ((): void => {});
    flushAtEnd(this);
  }

  /** The number of lines that could not be written. */
  get droppedLines(): number {
    return this.#droppedLines;
  }

  /** Adds a line, which must end in a line feed. */
  write(line: string): void {
    if (this.#closed) {
      this.#droppedLines++;
      return;
    }
    if (this.#waiting() + line.length > this.#maxChars) {
      this.#trouble({ kind: "stalled" });
      this.#droppedLines++;
      return;
    }
    this.#text += line;
    // A batch that is being written, or waits to be retried, is followed by what has collected meanwhile.
    if (this.#batch !== undefined || this.#round !== undefined) return;
    if (this.#text.length >= this.#batchChars) this.#start();
    else this.#arm(this.#delayMs);
  }

  /** Continues with another destination, from the start of a line, and closes the previous one. */
  replace(next: LogDestination): void {
    if (this.#closed) return void next.close();
    void this.#nextDestination?.close();
    this.#nextDestination = next;
    if (this.#round === undefined) this.#swap();
  }

  /**
   * Writes pending lines synchronously, at the end of the process. Does not wait for a reader that has taken nothing for
   * a second.
   */
  flushSync(): void {
    this.#disarm();
    if (this.#round !== undefined) {
      if (performance.now() - this.#writingSince > STALL_MS) return;
      // The runtime serializes writes to a descriptor: this one follows the pending write, whose bytes must not be
      // written twice.
    } else if (this.#batch !== undefined) {
      if (!this.#writeAllSync(this.#batch.subarray(this.#offset))) return;
      this.#batch = undefined;
    }
    const text = this.#text;
    this.#text = "";
    if (text !== "" && !this.#writeAllSync(encoder.encode(text))) this.#droppedLines += countLines(text);
  }

  /** Writes pending lines for at most `deadlineMs` (2 s), and closes the destination. Later lines are dropped. */
  close(deadlineMs = CLOSE_DEADLINE_MS): Promise<void> {
    this.#closed = true;
    return this.#closing ??= this.#close(deadlineMs);
  }

  async #close(deadlineMs: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, deadlineMs));
    await Promise.race([this.#drain(performance.now() + deadlineMs), late]);
    this.#disarm();
    forgetAtEnd(this);
    const before = this.#troubled ? this.#droppedBeforeTrouble : this.#droppedLines;
    this.#droppedLines += countLines(this.#text);
    if (this.#batch !== undefined) this.#droppedLines += countLines(this.#batch.subarray(this.#offset));
    this.#text = "";
    const droppedLines = this.#droppedLines - before;
    if (droppedLines > 0) this.#onProblem({ kind: "lost", droppedLines });
    const closing = [this.#nextDestination?.close()];
    // A write that is still pending holds the descriptor; both end with the process.
    if (this.#round === undefined) closing.push(this.#destination.close());
    await Promise.race([Promise.all(closing), late]);
    clearTimeout(timer);
  }

  async #drain(deadline: number): Promise<void> {
    let failures = 0;
    while ((this.#batch !== undefined || this.#text !== "") && performance.now() < deadline) {
      const outcome = await (this.#round ?? this.#start());
      // The first failure may be of a round that began earlier: the last lines get an attempt of their own.
      if (outcome === "failed" && ++failures === 2) return;
      if (outcome === "full") await new Promise((resolve) => setTimeout(resolve, FULL_RETRY_MS));
    }
  }

  /** Writes what has collected, in one round at a time: a second one beside it would write the same batch again. */
  #start(): Promise<Outcome> {
    this.#disarm();
    return this.#round ??= this.#write();
  }

  async #write(): Promise<Outcome> {
    let outcome: Outcome;
    do outcome = await this.#writeSome(); while (
      outcome === "done" && (this.#batch !== undefined || this.#text.length >= this.#batchChars)
    );
    this.#round = undefined;
    this.#swap();
    if (this.#batch !== undefined || this.#text !== "") this.#arm(this.#delayAfter(outcome));
    return outcome;
  }

  #delayAfter(outcome: Outcome): number {
    if (outcome === "failed") {
      const delayMs = this.#retryMs;
      this.#retryMs = Math.min(delayMs * 2, this.#maxRetryMs);
      return delayMs;
    }
    this.#retryMs = RETRY_MS;
    return outcome === "done" ? this.#delayMs : FULL_RETRY_MS;
  }

  async #writeSome(): Promise<Outcome> {
    this.#swap();
    const batch = this.#batch ??= this.#takeText();
    this.#writingSince = performance.now();
    try {
      this.#offset += await this.#destination.write(batch.subarray(this.#offset));
    } catch (error) {
      if (errorCode(error) === "EAGAIN") return "full";
      this.#trouble({ kind: "failing", code: errorCode(error), message: errorMessage(error) });
      return "failed";
    }
    if (this.#offset >= batch.length) this.#batch = undefined;
    this.#recover();
    return "done";
  }

  #takeText(): Uint8Array {
    const bytes = encoder.encode(this.#text);
    this.#text = "";
    this.#offset = 0;
    return bytes;
  }

  /** Returns whether all of it was written; a full pipe gets 200 ms to make room. */
  #writeAllSync(bytes: Uint8Array): boolean {
    let rest = bytes;
    let tries = 0;
    while (rest.length > 0) {
      try {
        rest = rest.subarray(this.#destination.writeSync(rest));
      } catch (error) {
        if (errorCode(error) !== "EAGAIN" || ++tries > FULL_TRIES_AT_END) return false;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_RETRY_MS);
      }
    }
    return true;
  }

  #swap(): void {
    if (this.#nextDestination === undefined) return;
    void this.#destination.close();
    this.#destination = this.#nextDestination;
    this.#nextDestination = undefined;
    // The new destination lacks the first part of the line.
    if (this.#batch !== undefined && this.#offset > 0) {
      this.#offset = this.#batch.lastIndexOf(LINE_FEED, this.#offset - 1) + 1;
    }
  }

  #waiting(): number {
    return this.#text.length + (this.#batch === undefined ? 0 : this.#batch.length - this.#offset);
  }

  #trouble(problem: LogProblem): void {
    if (this.#troubled) return;
    this.#troubled = true;
    this.#droppedBeforeTrouble = this.#droppedLines;
    this.#onProblem(problem);
  }

  #recover(): void {
    // Only at half the limit, so that a slow reader does not make every batch an episode.
    if (!this.#troubled || this.#waiting() > this.#maxChars / 2) return;
    this.#troubled = false;
    this.#onProblem({ kind: "recovered", droppedLines: this.#droppedLines - this.#droppedBeforeTrouble });
  }

  #arm(delayMs: number): void {
    if (this.#timer !== undefined || this.#closed) return;
    // Deno 2.6 runs a callback that was due when its timer was cleared, and by then a round may be under way.
    this.#timer = setTimeout(() => this.#start(), delayMs);
    // If nothing else keeps the process alive, flushAtEnd writes what is left.
    Deno.unrefTimer(this.#timer);
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function countLines(lines: string | Uint8Array): number {
  let count = 0;
  for (let at = indexOfLineFeed(lines, 0); at >= 0; at = indexOfLineFeed(lines, at + 1)) count++;
  return count;
}

function indexOfLineFeed(lines: string | Uint8Array, from: number): number {
  return typeof lines === "string" ? lines.indexOf("\n", from) : lines.indexOf(LINE_FEED, from);
}
