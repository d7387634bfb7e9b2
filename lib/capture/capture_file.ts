import { blocksIn } from "../protocol/mod.ts";
import type { CaptureMemory } from "./capture_memory.ts";
import { headBlocks, TAIL_BYTES, tailBlocks } from "./_file_blocks.ts";
import type { CaptureCounts, CaptureOutput, CaptureRequest } from "./order.ts";

/** A thread's part in a capture. */
export interface CaptureFeed {
  /** Sends what waits, and {@link CaptureOutput.ended}. */
  end(): void;
}

/** The end of a feed that a {@link CaptureFile} holds. */
export interface FeedOutput extends CaptureOutput {
  /** The thread is gone. */
  lost(): void;
}

/** Why a capture ended. */
export type CaptureEnd =
  | "all connections captured"
  | "session ended"
  | "size limit reached"
  | "time limit reached"
  | "reader gone"
  | "proxy stopping";

/** The result of a capture. */
export interface CaptureSummary {
  readonly end: CaptureEnd;
  readonly sessions: number;
  readonly packets: number;
  readonly dropped: number;
  readonly bytes: number;
}

export interface CaptureFileOptions {
  readonly request: CaptureRequest;
  readonly memory: CaptureMemory;
  /** Default: the system's. */
  wallMs?(): number;
}

/** How long threads may take to send what waits. */
const END_LIMIT_MS = 2000;

interface Feed {
  readonly source: CaptureFeed;
  counts: CaptureCounts;
  isOpen: boolean;
}

interface Batch {
  readonly blocks: Uint8Array<ArrayBuffer>;
  /** Bytes that no longer wait once these are read. */
  readonly held: number;
}

const NO_COUNTS: CaptureCounts = { sessionsBegun: 0, sessionsEnded: 0, dropped: [0, 0] };

/**
 * One capture as a file in progress: the packets of all threads, between a header and statistics. It enforces the
 * limits of the request.
 */
export class CaptureFile {
  /** The file. Cancelling it ends the capture. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Resolves when the capture has ended; never rejects. */
  readonly done: Promise<CaptureSummary>;
  readonly #options: CaptureFileOptions;
  readonly #done = Promise.withResolvers<CaptureSummary>();
  readonly #startedMs: number;
  readonly #feeds = new Set<Feed>();
  readonly #batches: Batch[] = [];
  readonly #delivered: [number, number] = [0, 0];
  #bytes = 0;
  #end: CaptureEnd | undefined;
  #isClosed = false;
  #timer: ReturnType<typeof setTimeout>;
  #wake: (() => void) | undefined;

  constructor(options: CaptureFileOptions) {
    this.#options = options;
    this.done = this.#done.promise;
    this.#startedMs = this.#wallMs();
    this.#timer = setTimeout(() => this.end("time limit reached"), options.request.forMs);
    this.stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => {
        for (const block of headBlocks(options.request)) this.#count(controller, block);
      },
      pull: (controller) => this.#pull(controller),
      cancel: () => this.#cancelled(),
    }, { highWaterMark: 0 });
  }

  /** Whether it takes no further feeds. */
  get isEnding(): boolean {
    return this.#end !== undefined;
  }

  /** Adds a thread; the returned object receives its output. */
  join(source: CaptureFeed): FeedOutput {
    const feed: Feed = { source, counts: NO_COUNTS, isOpen: true };
    this.#feeds.add(feed);
    if (this.isEnding) source.end();
    return {
      packets: (blocks, counts) => this.#receive(feed, blocks, counts),
      ended: () => this.#closed(feed),
      lost: () => {
        // Its sessions have gone with it.
        feed.counts = { ...feed.counts, sessionsEnded: feed.counts.sessionsBegun };
        this.#closed(feed);
      },
    };
  }

  /** Ends the capture: the file is completed with the remaining packets of the threads. Idempotent. */
  end(why: CaptureEnd): void {
    if (this.#end !== undefined) return;
    this.#end = why;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      for (const feed of this.#feeds) this.#closed(feed);
    }, END_LIMIT_MS);
    for (const { source, isOpen } of this.#feeds) if (isOpen) source.end();
    this.#settle();
  }

  #receive(feed: Feed, blocks: Uint8Array<ArrayBuffer>, counts: CaptureCounts): void {
    feed.counts = counts;
    if (this.#isClosed) return;
    const kept = this.#keep(blocks);
    if (blocks.length > 0) {
      this.#batches.push({ blocks: blocks.subarray(0, kept), held: blocks.length });
    }
    this.#wake?.();
    if (kept < blocks.length) this.end("size limit reached");
    else if (this.#isComplete()) {
      this.end(
        this.#options.request.subject.kind === "session" ? "session ended" : "all connections captured",
      );
    }
  }

  /** Counts what still fits the size limit, and returns how many bytes that is. */
  #keep(blocks: Uint8Array): number {
    const most = this.#options.request.bytes - TAIL_BYTES;
    let kept = 0;
    for (const { start, length } of blocksIn(blocks)) {
      if (this.#bytes + length > most) break;
      this.#bytes += length;
      kept += length;
      // A packet's block begins with the number of the interface.
      this.#delivered[blocks[start + 8] === 0 ? 0 : 1]++;
    }
    return kept;
  }

  #isComplete(): boolean {
    const { begun, ended } = this.#sessions();
    return begun >= this.#options.request.count && ended >= begun;
  }

  #sessions(): { begun: number; ended: number } {
    let [begun, ended] = [0, 0];
    for (const { counts } of this.#feeds) {
      begun += counts.sessionsBegun;
      ended += counts.sessionsEnded;
    }
    return { begun, ended };
  }

  #closed(feed: Feed): void {
    feed.isOpen = false;
    // A thread that dies takes its sessions along, also one that has shown nothing yet.
    const { subject } = this.#options.request;
    const isGone = subject.kind === "session" && [...this.#feeds].every(({ isOpen }) => !isOpen);
    if (isGone || this.#isComplete()) this.end("session ended");
    this.#settle();
  }

  /** Lets the stream end once all threads have. */
  #settle(): void {
    if (this.#end === undefined || [...this.#feeds].some(({ isOpen }) => isOpen)) return;
    clearTimeout(this.#timer);
    this.#wake?.();
  }

  get #isOver(): boolean {
    return this.#end !== undefined && [...this.#feeds].every(({ isOpen }) => !isOpen);
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> {
    for (;;) {
      const batch = this.#batches.shift();
      if (batch !== undefined) {
        this.#options.memory.release(batch.held);
        if (batch.blocks.length === 0) continue;
        return controller.enqueue(batch.blocks);
      }
      if (this.#isClosed) return;
      if (this.#isOver) break;
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#wake = undefined;
    }
    const tail = tailBlocks(this.#options.request, {
      startedMs: this.#startedMs,
      endedMs: this.#wallMs(),
      delivered: this.#delivered,
      dropped: [this.#dropped(0), this.#dropped(1)],
      end: this.#end ?? "",
    });
    for (const block of tail) this.#count(controller, block);
    controller.close();
    this.#finish();
  }

  #count(
    controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>,
    block: Uint8Array<ArrayBuffer>,
  ): void {
    this.#bytes += block.length;
    controller.enqueue(block);
  }

  #cancelled(): void {
    this.end("reader gone");
    clearTimeout(this.#timer);
    this.#finish();
    this.#wake?.();
  }

  #finish(): void {
    this.#isClosed = true;
    this.#batches.length = 0;
    const { begun } = this.#sessions();
    this.#done.resolve({
      end: this.#end ?? "reader gone",
      sessions: begun,
      packets: this.#delivered[0] + this.#delivered[1],
      dropped: this.#dropped(0) + this.#dropped(1),
      bytes: this.#bytes,
    });
  }

  #dropped(interfaceId: 0 | 1): number {
    return [...this.#feeds].reduce((sum, { counts }) => sum + counts.dropped[interfaceId], 0);
  }

  #wallMs(): number {
    return this.#options.wallMs?.() ?? Date.now();
  }
}
