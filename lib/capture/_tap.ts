import type { Flow, Side } from "../relay/mod.ts";
import type { SessionTap, TappedSession } from "../session/mod.ts";
import type { SessionTrace } from "./_session_trace.ts";
import type { ThreadCapture } from "./thread_capture.ts";

/** State that all taps of one thread share. */
export interface TapContext {
  /** The captures that run. */
  readonly running: readonly ThreadCapture[];
  nowMs(): number;
  /** A capture can take no further session. */
  full(): void;
  /** An internal error: it must cost the capture, never the session. */
  defect(error: unknown): void;
}

/** Passes the data of one session to each capture that covers it. */
export class Tap implements SessionTap {
  readonly #session: TappedSession;
  readonly #context: TapContext;
  readonly #traces = new Map<ThreadCapture, SessionTrace>();

  constructor(session: TappedSession, context: TapContext) {
    this.#session = session;
    this.#context = context;
  }

  /** Whether a running capture has begun to trace the session. */
  get isUsed(): boolean {
    return this.#context.running.some((capture) => this.#traces.has(capture));
  }

  connected(header: Uint8Array | undefined): void {
    this.#show((trace, nowMs) => trace.connected(header, nowMs));
  }

  read(flow: Flow, bytes: Uint8Array): void {
    this.#show((trace, nowMs) => trace.read(flow, bytes, nowMs));
  }

  readEnd(flow: Flow): void {
    this.#show((trace, nowMs) => trace.readEnd(flow, nowMs));
  }

  wrote(flow: Flow, bytes: Uint8Array): void {
    this.#show((trace, nowMs) => trace.wrote(flow, bytes, nowMs));
  }

  wroteEnd(flow: Flow): void {
    this.#show((trace, nowMs) => trace.wroteEnd(flow, nowMs));
  }

  failed(side: Side, error: unknown): void {
    this.#show((trace, nowMs) => trace.failed(side, error, nowMs));
  }

  ended(): void {
    this.#show((trace, nowMs, capture) => {
      trace.ended(nowMs);
      capture.sessionEnded();
    });
  }

  #show(event: (trace: SessionTrace, nowMs: number, capture: ThreadCapture) => void): void {
    try {
      const nowMs = this.#context.nowMs();
      for (const capture of this.#context.running) {
        const trace = this.#traces.get(capture) ?? this.#begin(capture);
        if (trace !== undefined) event(trace, nowMs, capture);
      }
    } catch (error) {
      this.#context.defect(error);
    }
  }

  #begin(capture: ThreadCapture): SessionTrace | undefined {
    const trace = capture.begin(this.#session);
    if (trace === undefined) return undefined;
    this.#traces.set(capture, trace);
    if (!capture.hasPlaces) this.#context.full();
    return trace;
  }
}
