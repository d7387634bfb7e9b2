import { errorCode, errorMessage } from "../base/mod.ts";
import type { LogDestination } from "./destination.ts";
import { flushAtEnd, forgetAtEnd } from "./_end_of_process.ts";

/** What an operator should know of a log's destination; each episode is told once when it begins, once when it ends. */
export type LogProblem =
  /** A write failed. Lines are kept up to a bound and then dropped; writing is tried again every second. */
  | { readonly kind: "failing"; readonly code: string; readonly message: string }
  /** Nobody reads the other end; the bound is reached and lines are dropped. */
  | { readonly kind: "stalled" }
  /** Writing works again, after so many lines were dropped. */
  | { readonly kind: "recovered"; readonly droppedLines: number }
  /** The file could not be opened again; the old one stays in use. */
  | { readonly kind: "not_reopened"; readonly message: string };

/** How a {@link LineWriter} gathers. */
export interface LineWriterOptions {
  /** Write as soon as this much waits. Default 16 KiB, where the cost of a write no longer shows. */
  readonly batchChars?: number;
  /** Write at the latest after this time. Default 100 ms. */
  readonly delayMs?: number;
  /** Drop lines rather than hold more than this. Default 8 MiB: the lines of 30,000 sessions that end in one instant. */
  readonly maxChars?: number;
  /** Told of trouble. */
  readonly onProblem?: (problem: LogProblem) => void;
}

const BATCH_CHARS = 16 * 1024;
const DELAY_MS = 100;
const MAX_CHARS = 8 * 1024 * 1024;
const CLOSE_DEADLINE_MS = 2000;
/** Between tries of a destination that failed. */
const RETRY_MS = 1000;
/** Between tries of a non-blocking pipe that was full, and how often the end of the process tries. */
const FULL_RETRY_MS = 20;
const FULL_TRIES_AT_END = 10;
/** A write that has been on its way for this long has no reader: the end of the process does not wait for it. */
const STALL_MS = 1000;

const LINE_FEED = 10;
const encoder = new TextEncoder();

/** How a round of writing ended: with nothing left to do, at a full pipe, or at a destination that cannot be written. */
type Outcome = "done" | "full" | "failed";

/**
 * Gathers lines and writes them in batches, in order, never leaving one cut.
 *
 * Writes are asynchronous: `writeSync` to a pipe that nobody reads stops the event loop, and with it the proxy, while
 * `write` waits on a thread of the runtime's own. A write that fails keeps its place in the batch, so that a line is
 * finished when the destination comes back.
 */
export class LineWriter {
  readonly #batchChars: number;
  readonly #delayMs: number;
  readonly #maxChars: number;
  readonly #onProblem: (problem: LogProblem) => void;
  #destination: LogDestination;
  #nextDestination: LogDestination | undefined;

  /** Lines that are in no batch yet. */
  #text = "";
  /** What is being written, from `#offset` on. */
  #batch: Uint8Array | undefined;
  #offset = 0;
  /** The round of writing that is under way; it always waits at least once, so it clears this after it was set. */
  #round: Promise<Outcome> | undefined;
  #writingSince = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  #closing: Promise<void> | undefined;

  #droppedLines = 0;
  #troubled = false;
  #droppedBeforeTrouble = 0;

  /** Owns `destination` from here on. */
  constructor(destination: LogDestination, options: LineWriterOptions = {}) {
    this.#destination = destination;
    this.#batchChars = options.batchChars ?? BATCH_CHARS;
    this.#delayMs = options.delayMs ?? DELAY_MS;
    this.#maxChars = options.maxChars ?? MAX_CHARS;
    this.#onProblem = options.onProblem ?? ((): void => {});
    flushAtEnd(this);
  }

  /** How many lines could not be written. */
  get droppedLines(): number {
    return this.#droppedLines;
  }

  /** Takes a line that ends in a line feed. */
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
    // A batch on its way, or one that waits for another try, takes what has gathered along when it is done.
    if (this.#batch !== undefined || this.#round !== undefined) return;
    if (this.#text.length >= this.#batchChars) this.#start();
    else this.#arm(this.#delayMs);
  }

  /** Goes on with another destination, at a line's start, and closes the one before. */
  replace(next: LogDestination): void {
    if (this.#closed) return void next.close();
    void this.#nextDestination?.close();
    this.#nextDestination = next;
    if (this.#round === undefined) this.#swap();
  }

  /**
   * Writes what waits, now, for the end of the process. Does not wait for a reader that has stood still for a second.
   */
  flushSync(): void {
    this.#disarm();
    if (this.#round !== undefined) {
      if (performance.now() - this.#writingSince > STALL_MS) return;
      // The runtime lets one write at a time use a descriptor: ours comes after the one that is on its way, and what
      // that one carries is not ours to write again.
    } else if (this.#batch !== undefined) {
      if (!this.#writeAllSync(this.#batch.subarray(this.#offset))) return;
      this.#batch = undefined;
    }
    const text = this.#text;
    this.#text = "";
    if (text !== "" && !this.#writeAllSync(encoder.encode(text))) this.#droppedLines += countLines(text);
  }

  /** Writes what waits, for at most `deadlineMs` (2 s), and closes the destination. Lines that come later are dropped. */
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
    this.#droppedLines += countLines(this.#text);
    if (this.#batch !== undefined) this.#droppedLines += countLines(this.#batch.subarray(this.#offset));
    this.#text = "";
    const closing = [this.#nextDestination?.close()];
    // A write that is still on its way holds the descriptor; both go with the process.
    if (this.#round === undefined) closing.push(this.#destination.close());
    await Promise.race([Promise.all(closing), late]);
    clearTimeout(timer);
  }

  async #drain(deadline: number): Promise<void> {
    let failures = 0;
    while ((this.#batch !== undefined || this.#text !== "") && performance.now() < deadline) {
      const outcome = await (this.#round ?? this.#start());
      // The first may be of a round that was under way before: the last word wants a try of its own.
      if (outcome === "failed" && ++failures === 2) return;
      if (outcome === "full") await new Promise((resolve) => setTimeout(resolve, FULL_RETRY_MS));
    }
  }

  #start(): Promise<Outcome> {
    this.#disarm();
    this.#round = this.#write();
    return this.#round;
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
    if (outcome === "done") return this.#delayMs;
    return outcome === "full" ? FULL_RETRY_MS : RETRY_MS;
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

  /** Whether all of it was written; a full pipe is given 200 ms to make room. */
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
    // The new destination has not seen the line's first part.
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
    // Half way down, so that a slow reader does not make an episode of every batch.
    if (!this.#troubled || this.#waiting() > this.#maxChars / 2) return;
    this.#troubled = false;
    this.#onProblem({ kind: "recovered", droppedLines: this.#droppedLines - this.#droppedBeforeTrouble });
  }

  #arm(delayMs: number): void {
    if (this.#timer !== undefined || this.#closed) return;
    this.#timer = setTimeout(() => this.#start(), delayMs);
    // What is left when nothing else keeps the process alive is written by flushAtEnd.
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
