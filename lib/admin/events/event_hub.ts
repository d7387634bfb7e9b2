import { type AccessRecord, type Feed, formatAccessJson, type LogLine } from "../../log/mod.ts";
import { eventFrame } from "./event_frame.ts";
import { EventQueue, type EventQueueLimits } from "./event_queue.ts";
import { type Schedule, SnapshotTicker } from "./snapshot_ticker.ts";

/** The kinds of events that a reader may choose; `overflow` belongs to all. */
export const EVENT_KINDS = ["snapshot", "session", "log"] as const;

export type EventKind = typeof EVENT_KINDS[number];

/** Where events come from. */
export interface EventSources {
  /** Sessions that have ended. */
  readonly sessions: Feed<AccessRecord>;
  /** Lines of the operational log. */
  readonly lines: Feed<LogLine>;
}

export interface EventHubOptions extends EventSources {
  /** Called with an internal error. */
  onDefect(error: unknown): void;
  /** How many may read at once. Default 32, half of the requests that the server takes. */
  readonly maxReaders?: number;
  readonly queue?: Partial<EventQueueLimits>;
  /** Default `performance.now`. */
  readonly nowMs?: () => number;
  /** Default the runtime's timers. */
  readonly schedule?: Schedule;
}

export interface ReaderOptions {
  readonly kinds: ReadonlySet<EventKind>;
  /** How often a snapshot is sent. */
  readonly intervalMs: number;
  /** Ends the stream. */
  readonly closing: AbortSignal;
  /** Returns the JSON of a snapshot. */
  snapshot(): Promise<string>;
}

const MAX_READERS = 32;

/** How often a reader hears something, so that one that is gone is noticed. */
const HEARTBEAT_MS = 15_000;

/** Sends events to readers, each through a bounded queue of its own. It does nothing without readers. */
export class EventHub {
  readonly #options: EventHubOptions;
  readonly #schedule: Schedule;
  readonly #ticker: SnapshotTicker;
  readonly #readers = new Set<Reader>();
  /** By kind, the subscription to its source while anyone wants that. */
  readonly #listening = new Map<"session" | "log", Disposable>();
  #cancelBeat: (() => void) | undefined;

  constructor(options: EventHubOptions) {
    this.#options = options;
    this.#schedule = options.schedule ?? schedule;
    this.#ticker = new SnapshotTicker({
      nowMs: options.nowMs ?? ((): number => performance.now()),
      schedule: this.#schedule,
      onDefect: options.onDefect,
    });
  }

  /** Whether another reader is accepted. */
  get hasRoom(): boolean {
    return this.#readers.size < (this.#options.maxReaders ?? MAX_READERS);
  }

  /** Returns the events from now on, until the stream is cancelled or `closing` is aborted. */
  open(options: ReaderOptions): ReadableStream<Uint8Array<ArrayBuffer>> {
    const reader = new Reader(options, {
      queue: new EventQueue(this.#options.queue),
      left: () => this.#leave(reader),
    });
    if (options.closing.aborted) {
      reader.close();
      return reader.stream;
    }
    this.#readers.add(reader);
    this.#listen();
    if (this.#readers.size === 1) this.#beat();
    if (options.kinds.has("snapshot")) {
      reader.ticks = this.#ticker.add({
        intervalMs: options.intervalMs,
        snapshot: () => options.snapshot(),
        take: (frame) => reader.putSnapshot(frame),
      });
    }
    return reader.stream;
  }

  #leave(reader: Reader): void {
    this.#readers.delete(reader);
    this.#listen();
    if (this.#readers.size > 0) return;
    this.#cancelBeat?.();
    this.#cancelBeat = undefined;
  }

  /** Listens to the sources that some reader wants, and to no other. */
  #listen(): void {
    const { sessions, lines } = this.#options;
    this.#keep("session", () =>
      sessions.listen((record) => {
        this.#publish("session", formatAccessJson(record).trimEnd());
      }));
    this.#keep("log", () =>
      lines.listen(({ time, level, category, message }) => {
        const at = new Date(time).toISOString();
        this.#publish("log", JSON.stringify({ time: at, level, category, message }));
      }));
  }

  #keep(kind: "session" | "log", listen: () => Disposable): void {
    const isWanted = [...this.#readers].some(({ kinds }) => kinds.has(kind));
    const listening = this.#listening.get(kind);
    if (isWanted && listening === undefined) this.#listening.set(kind, listen());
    if (isWanted || listening === undefined) return;
    listening[Symbol.dispose]();
    this.#listening.delete(kind);
  }

  #publish(kind: EventKind, data: string): void {
    const frame = eventFrame(kind, data);
    for (const reader of this.#readers) if (reader.kinds.has(kind)) reader.push(frame);
  }

  #beat(): void {
    this.#cancelBeat = this.#schedule(() => {
      for (const reader of this.#readers) reader.beat();
      this.#beat();
    }, HEARTBEAT_MS);
  }
}

/** One reader: its queue as a stream. */
class Reader {
  readonly kinds: ReadonlySet<EventKind>;
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #queue: EventQueue;
  readonly #left: () => void;
  readonly #gone = new AbortController();
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  /** Resolves the pull that waits for an event. */
  #wake: (() => void) | undefined;
  /** Ends its snapshots. */
  ticks: Disposable | undefined;

  constructor(
    { kinds, closing }: ReaderOptions,
    { queue, left }: { readonly queue: EventQueue; readonly left: () => void },
  ) {
    this.kinds = kinds;
    this.#queue = queue;
    this.#left = left;
    this.stream = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: (controller) => this.#pull(controller),
      cancel: () => this.#leave(),
    }, { highWaterMark: 0 });
    closing.addEventListener("abort", () => this.close(), { signal: this.#gone.signal });
  }

  push(frame: Uint8Array<ArrayBuffer>): void {
    this.#queue.push(frame);
    this.#wake?.();
  }

  putSnapshot(frame: Uint8Array<ArrayBuffer>): void {
    this.#queue.putSnapshot(frame);
    this.#wake?.();
  }

  beat(): void {
    this.#queue.beat();
    this.#wake?.();
  }

  /** Ends the stream. */
  close(): void {
    if (this.#gone.signal.aborted) return;
    this.#controller?.close();
    this.#leave();
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> {
    if (this.#queue.isEmpty) {
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#wake = undefined;
    }
    if (this.#gone.signal.aborted) return;
    const part = this.#queue.take();
    if (part !== undefined) controller.enqueue(part);
  }

  #leave(): void {
    if (this.#gone.signal.aborted) return;
    this.#gone.abort();
    this.ticks?.[Symbol.dispose]();
    this.#left();
    this.#wake?.();
  }
}

function schedule(run: () => void, delayMs: number): () => void {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
}
