import type { SessionTap, TappedSession } from "../session/mod.ts";
import { Tap, type TapContext } from "./_tap.ts";
import type { CaptureOrder, CaptureOutput } from "./order.ts";
import { ThreadCapture } from "./thread_capture.ts";
import type { WallClock } from "./wall_clock.ts";

/** A session that can be tapped. */
export interface TappableSession extends TappedSession {
  /** Receives the data of the connection; `undefined` for none. */
  tap: SessionTap | undefined;
}

export interface ThreadCapturesOptions {
  /** Returns the clock of sessions with the time of this moment. */
  clock(): WallClock;
  /** The sessions that have not ended. */
  sessions(): readonly TappableSession[];
  defect(error: unknown): void;
}

/** The captures of one thread. While there is none, a session has no tap and pays for nothing. */
export class ThreadCaptures implements TapContext {
  running: readonly ThreadCapture[] = [];
  readonly #options: ThreadCapturesOptions;
  #clock: WallClock | undefined;

  constructor(options: ThreadCapturesOptions) {
    this.#options = options;
  }

  /** Begins a capture; `false` where it is one of a session that is not in this thread. */
  begin(order: CaptureOrder, output: CaptureOutput): boolean {
    const { subject } = order;
    if (subject.kind === "session" && !this.#options.sessions().some(({ id }) => id === subject.id)) {
      return false;
    }
    this.#clock = this.#options.clock();
    const capture = new ThreadCapture(order, { clock: this.#clock, output });
    this.running = [...this.running, capture];
    this.#tapSessions();
    return true;
  }

  /** Ends a capture, once what waits has been sent. Idempotent. */
  end(capture: number): void {
    const ending = this.#find(capture);
    if (ending === undefined) return;
    this.running = this.running.filter((running) => running !== ending);
    ending.end();
    this.#tapSessions();
  }

  /** Ends all captures. */
  stop(): void {
    for (const { order } of this.running) this.end(order.capture);
  }

  /** A session has begun. */
  sessionBegan(session: TappableSession): void {
    if (this.running.length > 0 && this.#mayCapture(session)) session.tap = new Tap(session, this);
  }

  nowMs(): number {
    return this.#clock?.nowMs() ?? 0;
  }

  full(): void {
    this.#tapSessions();
  }

  defect(error: unknown): void {
    this.#options.defect(error);
  }

  /** Taps the sessions that a capture may trace or traces, and no others. */
  #tapSessions(): void {
    for (const session of this.#options.sessions()) {
      const isUsed = session.tap instanceof Tap && session.tap.isUsed;
      if (isUsed) continue;
      session.tap = this.#mayCapture(session) ? session.tap ?? new Tap(session, this) : undefined;
    }
  }

  #mayCapture(session: TappedSession): boolean {
    return this.running.some((capture) => capture.hasPlaces && capture.mayCover(session));
  }

  #find(capture: number): ThreadCapture | undefined {
    return this.running.find(({ order }) => order.capture === capture);
  }
}
