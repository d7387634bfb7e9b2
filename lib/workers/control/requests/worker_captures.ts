import {
  type CaptureFile,
  CaptureFiles,
  type CaptureOrder,
  type CaptureRequest,
  type CaptureStart,
  type CaptureThreads,
  type FeedOutput,
} from "../../../capture/mod.ts";
import type { FromWorker } from "../../channel/messages.ts";
import type { WorkerThread } from "../threads/worker_thread.ts";

/** A worker, as far as captures deal with it. */
export type CapturePort = Pick<WorkerThread, "post">;

/** The messages of workers that are about captures. */
export type CaptureMessage = Extract<
  FromWorker,
  { kind: "capture_begun" | "capture_packets" | "capture_ended" }
>;

/** How long a worker may take to begin a capture; one that is still starting begins it later. */
const BEGIN_LIMIT_MS = 2000;

interface OpenCapture {
  readonly order: CaptureOrder;
  readonly file: CaptureFile;
}

/** One worker's part in a capture. */
interface WorkerFeed {
  readonly output: FeedOutput;
  /** Says whether the worker has begun it. */
  answer(hasBegun: boolean): void;
}

/**
 * The captures of a proxy with workers. Each worker sends the packets of its sessions in batches; here they
 * become one file.
 */
export class WorkerCaptures implements CaptureThreads {
  readonly #files: CaptureFiles = new CaptureFiles(this);
  readonly #open = new Map<number, OpenCapture>();
  /** The workers of all generations that have had their start message, with their parts by capture. */
  readonly #threads = new Map<CapturePort, Map<number, WorkerFeed>>();

  start(request: CaptureRequest): Promise<CaptureStart> {
    return this.#files.begin(request);
  }

  async begin(order: CaptureOrder, file: CaptureFile): Promise<boolean> {
    const capture: OpenCapture = { order, file };
    this.#open.set(order.capture, capture);
    // Never rejects.
    void file.done.then(() => this.#forget(order.capture));
    const answers = [...this.#threads].map(([thread, feeds]) => {
      const answer = this.#join(thread, feeds, capture);
      thread.post({ kind: "capture", order });
      return answer;
    });
    return (await Promise.all(answers)).includes(true) || order.subject.kind === "app";
  }

  /** Adds a worker that is about to start, and returns the captures that it takes part in. */
  ordersFor(thread: CapturePort): CaptureOrder[] {
    const feeds = new Map<number, WorkerFeed>();
    this.#threads.set(thread, feeds);
    // It has no session of before.
    const joined = [...this.#open.values()].filter(({ order, file }) =>
      order.subject.kind === "app" && !file.isEnding
    );
    for (const capture of joined) void this.#join(thread, feeds, capture);
    return joined.map(({ order }) => order);
  }

  /** Handles a message from a worker. */
  receive(thread: CapturePort, message: CaptureMessage): void {
    const feed = this.#threads.get(thread)?.get(message.capture);
    if (feed === undefined) return;
    switch (message.kind) {
      case "capture_begun":
        return feed.answer(true);
      case "capture_packets":
        return feed.output.packets(message.blocks, message.counts);
      case "capture_ended":
        feed.answer(false);
        this.#threads.get(thread)?.delete(message.capture);
        return feed.output.ended();
    }
  }

  /** A worker has died or ended. */
  lost(thread: CapturePort): void {
    const feeds = this.#threads.get(thread);
    this.#threads.delete(thread);
    for (const { output, answer } of feeds?.values() ?? []) {
      answer(false);
      output.lost();
    }
  }

  /** Ends all captures; their readers get them complete. */
  stop(): void {
    this.#files.stop();
  }

  /** Resolves with whether the worker has begun the capture. */
  #join(
    thread: CapturePort,
    feeds: Map<number, WorkerFeed>,
    { order: { capture }, file }: OpenCapture,
  ): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), BEGIN_LIMIT_MS);
    const output = file.join({
      end: () => thread.post({ kind: "capture_end", capture }),
    });
    feeds.set(capture, {
      output,
      answer: (hasBegun) => {
        clearTimeout(timer);
        resolve(hasBegun);
      },
    });
    return promise;
  }

  #forget(capture: number): void {
    this.#open.delete(capture);
    for (const feeds of this.#threads.values()) {
      feeds.get(capture)?.answer(false);
      feeds.delete(capture);
    }
  }
}
