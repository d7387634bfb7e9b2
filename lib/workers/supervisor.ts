import { monotonicClock } from "../base/mod.ts";
import type { Config } from "../config/mod.ts";
import { StartError } from "../proxy/mod.ts";
import { startError } from "./_start_error.ts";
import { Answers, type Refusal } from "./answers.ts";
import { Backoff } from "./backoff.ts";
import type { FromWorker, Question, StartMessage, ToWorker } from "./messages.ts";
import type { WorkersObserver } from "./observer.ts";
import type { Sandbox } from "./sandbox.ts";
import type { SharedLimits } from "./shared_limits.ts";
import { Voice } from "./told.ts";
import { WorkerThread } from "./worker_thread.ts";

export interface SupervisorOptions {
  readonly count: number;
  readonly config: Config;
  readonly limits: SharedLimits;
  readonly module: URL;
  readonly permissions: Sandbox;
  readonly observer: WorkersObserver;
  /** What a worker is started with, as things are at this moment. */
  startMessage(worker: number): Omit<StartMessage, "nowMs">;
  /** Is handed what is for the control plane. */
  onReport(message: Extract<FromWorker, { kind: "report" }>): void;
}

/** One place for a worker: whoever is in it, and what became of those before. */
interface Seat {
  readonly number: number;
  readonly backoff: Backoff;
  thread: WorkerThread | undefined;
  state: "loading" | "loaded" | "binding" | "bound" | "serving" | "dead" | "ended";
  bornMs: number;
  /** That of whoever is in it. */
  voice: Voice;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** How long a worker may take to bind its listeners; beyond that it hangs. */
const START_LIMIT_MS = 30_000;

/** How long a worker may take beyond its own limit to say that it has ended. */
const END_SLACK_MS = 5000;

/** The longest delay that a timer holds; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Reports of a drain come from all workers at once, and this often from each; one is enough. */
const DRAIN_REPORT_MS = 2500;

/** Starts workers, keeps as many as there should be, and ends them. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #seats: readonly Seat[];
  readonly #bound = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  #phase: "starting" | "serving" | "ending" = "starting";
  #drainReportedMs = -Infinity;
  #answers: Answers | undefined;
  #isHeld = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#seats = Array.from({ length: options.count }, (_, number) => ({
      number,
      backoff: new Backoff(),
      thread: undefined,
      state: "loading",
      bornMs: 0,
      voice: new Voice(options.observer),
      timer: undefined,
    }));
  }

  /**
   * Starts all workers; resolves when each has bound its listeners.
   *
   * @throws {StartError} when one cannot; whoever called ends the others.
   */
  bind(): Promise<void> {
    for (const seat of this.#seats) this.#spawn(seat);
    return this.#bound.promise;
  }

  /** Lets all accept. A worker that dies from here on is replaced. */
  accept(): void {
    this.#phase = "serving";
    for (const seat of this.#seats) {
      if (seat.state === "dead") this.#spawn(seat);
      else this.#serve(seat);
    }
  }

  /** Tells all workers that have been started; those that come later are started with what is so then. */
  tell(message: ToWorker): void {
    for (const { thread } of this.#seats.filter(hasStarted)) thread?.tell(message);
  }

  /**
   * Asks all workers that have been started, and waits for their answers, within a limit; gives who did not do it. One
   * question at a time.
   */
  async ask(question: Question): Promise<readonly Refusal[]> {
    const asked = this.#seats.filter((seat) => hasStarted(seat) && seat.thread !== undefined);
    const answers = new Answers(question, asked.map(({ number }) => number));
    this.#answers = answers;
    for (const { thread } of asked) thread?.tell(question);
    return await answers.refusals;
  }

  /** Until it is disposed of, workers that have loaded wait to be started. */
  hold(): Disposable {
    this.#isHeld = true;
    return {
      [Symbol.dispose]: () => {
        this.#isHeld = false;
        for (const seat of this.#seats) if (seat.state === "loaded") this.#startUp(seat);
      },
    };
  }

  /** Ends all workers; resolves when no session is left and all has been told. To be called again to hurry. */
  async end(how: "drain" | "stop"): Promise<void> {
    this.#phase = "ending";
    const drainMs = how === "drain" ? this.#options.config.shutdown.drainTimeoutMs : 0;
    const limit = setTimeout(() => this.terminate(), Math.min(MAX_TIMER_MS, drainMs + END_SLACK_MS));
    for (const seat of this.#seats) {
      clearTimeout(seat.timer);
      // One that has not begun has nothing to end.
      if (!hasStarted(seat)) this.#over(seat);
      else seat.thread?.tell({ kind: how });
    }
    this.#settle();
    await this.#ended.promise;
    clearTimeout(limit);
  }

  /** Ends all threads at once. */
  terminate(): void {
    this.#phase = "ending";
    for (const seat of this.#seats) {
      clearTimeout(seat.timer);
      this.#over(seat);
    }
    this.#settle();
  }

  #spawn(seat: Seat): void {
    const { module, permissions, observer } = this.#options;
    seat.state = "loading";
    seat.voice = new Voice(observer);
    seat.bornMs = monotonicClock.nowMs();
    seat.timer = setTimeout(
      () => this.#died(seat, new Error(`it did not start within ${START_LIMIT_MS / 1000} s`)),
      START_LIMIT_MS,
    );
    try {
      seat.thread = new WorkerThread({
        name: `worker ${seat.number + 1}`,
        module,
        permissions,
        observer: {
          said: (message) => this.#hear(seat, message),
          died: (error) => this.#died(seat, error),
        },
      });
    } catch (error) {
      this.#died(seat, error instanceof Error ? error : new Error(String(error)));
    }
  }

  #hear(seat: Seat, message: FromWorker): void {
    const { onReport } = this.#options;
    switch (message.kind) {
      case "loaded":
        seat.state = "loaded";
        return this.#isHeld ? undefined : this.#startUp(seat);
      case "bound":
        seat.voice.listeners = message.listeners.map(({ address }) => address);
        return this.#boundBy(seat);
      case "failed":
        return this.#died(seat, new StartError(message.message));
      case "report":
        return onReport(message);
      case "answer":
        return this.#answers?.hear(seat.number, message);
      case "draining":
        return this.#draining(message.leftMs);
      case "ended":
        this.#over(seat);
        return this.#settle();
      default:
        return seat.voice.say(message);
    }
  }

  #startUp(seat: Seat): void {
    seat.state = "binding";
    seat.thread?.tell({ ...this.#options.startMessage(seat.number), nowMs: monotonicClock.nowMs() });
  }

  #boundBy(seat: Seat): void {
    seat.state = "bound";
    clearTimeout(seat.timer);
    if (this.#phase === "starting") {
      if (this.#seats.every(({ state }) => state === "bound")) this.#bound.resolve();
      return;
    }
    if (this.#phase === "ending") return;
    this.#serve(seat);
    this.#options.observer.workerRestarted(seat.number + 1);
  }

  #serve(seat: Seat): void {
    seat.state = "serving";
    seat.thread?.tell({ kind: "accept" });
  }

  #died(seat: Seat, error: Error): void {
    const { limits, observer } = this.#options;
    clearTimeout(seat.timer);
    seat.thread?.terminate();
    seat.thread = undefined;
    seat.state = "dead";
    this.#answers?.lost(seat.number);
    const sessions = limits.activeOf(seat.number);
    limits.forget(seat.number);
    seat.voice.fallSilent();
    if (this.#phase === "starting") {
      // Where all had bound already this changes nothing: it is replaced when the others begin to accept.
      this.#bound.reject(startError(error, this.#options.module));
      return;
    }
    if (this.#phase === "ending") {
      observer.workerDied(seat.number + 1, { error, sessions, restartMs: undefined });
      return this.#settle();
    }
    const restartMs = seat.backoff.next(monotonicClock.nowMs() - seat.bornMs);
    observer.workerDied(seat.number + 1, { error, sessions, restartMs });
    seat.timer = setTimeout(() => this.#spawn(seat), restartMs);
  }

  #draining(leftMs: number): void {
    const nowMs = monotonicClock.nowMs();
    if (nowMs - this.#drainReportedMs < DRAIN_REPORT_MS) return;
    this.#drainReportedMs = nowMs;
    this.#options.observer.draining(this.#options.limits.active, leftMs);
  }

  #over(seat: Seat): void {
    seat.thread?.terminate();
    seat.thread = undefined;
    seat.state = "ended";
    this.#answers?.lost(seat.number);
  }

  #settle(): void {
    const isOver = this.#seats.every(({ state }) => state === "ended" || state === "dead");
    if (this.#phase === "ending" && isOver) this.#ended.resolve();
  }
}

/** Whether whoever is in the place has been told what to do, or was: one that has not hears it with its start. */
function hasStarted({ state }: Seat): boolean {
  return state !== "loading" && state !== "loaded" && state !== "dead";
}
