import { monotonicClock } from "../../../base/mod.ts";
import { type Retirement, StartError } from "../../../proxy/mod.ts";
import { startError } from "./_start_error.ts";
import type { Confinement } from "../../../net/mod.ts";
import { Questions } from "../requests/questions.ts";
import type { Answers, Refusal } from "../requests/replies.ts";
import { emptySlot, hasStarted, type WorkerSlot } from "./_worker_slot.ts";
import type {
  AnswerValue,
  FromWorker,
  Question,
  QuestionKind,
  StartMessage,
  ToWorker,
} from "../../channel/messages.ts";
import type { WorkersObserver } from "../workers_observer.ts";
import type { Sandbox, SpareThread } from "../../spare_thread.ts";
import type { WorkerCounters } from "../requests/worker_counters.ts";
import type { Generation } from "./generation.ts";
import type { WorkerCaptures } from "../requests/worker_captures.ts";
import { WorkerEvents } from "./worker_events.ts";
import { WorkerThread } from "./worker_thread.ts";

export interface SupervisorOptions {
  readonly count: number;
  readonly generation: Generation;
  readonly module: URL;
  readonly permissions: Sandbox;
  /** Used for the first worker; default none. */
  readonly spare?: SpareThread | undefined;
  readonly observer: WorkersObserver;
  readonly captures: WorkerCaptures;
  /** Returns the current start message of a worker. */
  startMessage(worker: number): Omit<StartMessage, "nowMs" | "captures">;
  /** Called when the successor of a dead worker has bound its listeners, before it accepts. */
  onRebound(worker: number): void;
  /** Keeps what workers count. */
  readonly counters: WorkerCounters;
  /** Called when a worker's thread has ended, or was told to; default nobody cleans up after it. */
  onGone?(worker: number): void;
  /** Answers a worker's question about a name. */
  onName(id: number, name: string): Promise<ToWorker>;
  /** Called when a worker has bound its listeners, with how the kernel confines it. */
  onBound(confinement: Confinement | undefined): void;
  /** Receives the outcomes that the control plane judges. */
  onReport(message: Extract<FromWorker, { kind: "report" }>): void;
}

/** How long a worker may take to bind its listeners before it counts as hung. */
const START_LIMIT_MS = 30_000;

/** How long a worker may take, beyond its own limit, to report that it has ended. */
const END_SLACK_MS = 5000;

/** The longest delay that a timer holds; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** All workers report a drain, each this often; one report is enough. */
const DRAIN_REPORT_MS = 2500;

/** Starts workers, replaces those that crash, and ends them. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #slots: readonly WorkerSlot[];
  readonly #bound = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  #phase: "starting" | "serving" | "ending" = "starting";
  #drainReportedMs = -Infinity;
  readonly #questions = new Questions();
  #isHeld = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.count }, (_, number) => emptySlot(number, options.observer));
  }

  /**
   * Starts all workers; resolves when each has bound its listeners.
   *
   * @throws {StartError} when one cannot; the caller ends the others.
   */
  bind(): Promise<void> {
    for (const slot of this.#slots) this.#spawn(slot);
    return this.#bound.promise;
  }

  /** Lets all workers accept. From here on a worker that dies is replaced. */
  accept(): void {
    this.#phase = "serving";
    for (const slot of this.#slots) {
      if (slot.state === "dead") this.#spawn(slot);
      else this.#serve(slot);
    }
  }

  /** Sends a message to all started workers; later ones get the current state in their start message. */
  post(message: ToWorker): void {
    for (const { thread } of this.#slots.filter(hasStarted)) thread?.post(message);
  }

  /** Asks all started workers and waits for their answers, by default for up to 10 s. Never rejects. */
  async ask<Kind extends QuestionKind>(
    question: Question & { readonly kind: Kind },
    limitMs?: number,
  ): Promise<Answers<AnswerValue<Kind>>> {
    const asked = this.#slots.filter(hasStarted);
    return await this.#questions.ask<Kind>(question, asked, limitMs);
  }

  /** Holds back the start of loaded workers until the returned object is disposed of. */
  hold(): Disposable {
    this.#isHeld = true;
    return {
      [Symbol.dispose]: () => {
        this.#isHeld = false;
        for (const slot of this.#slots) if (slot.state === "loaded") this.#startUp(slot);
      },
    };
  }

  /** Stops all workers from accepting, as others with another config take over; resolves when they have stopped. */
  async retire(retirement: Retirement): Promise<readonly Refusal[]> {
    this.#phase = "ending";
    for (const slot of this.#slots) {
      clearTimeout(slot.timer);
      if (!hasStarted(slot)) this.#over(slot);
    }
    const { refusals } = await this.ask({ kind: "retire", ...retirement });
    this.#settle();
    return refusals;
  }

  /** Resolves when all have ended, which they do only after {@link Supervisor.end} or {@link Supervisor.retire}. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /**
   * Ends all workers; resolves when no session is left and every event has been reported. A second call with `stop`
   * shortens a drain.
   */
  async end(
    how: Extract<ToWorker, { readonly kind: "drain" | "stop" }>,
  ): Promise<void> {
    this.#phase = "ending";
    const drainMs = how.kind === "drain" ? how.timeoutMs : 0;
    const limit = setTimeout(() => this.terminate(), Math.min(MAX_TIMER_MS, drainMs + END_SLACK_MS));
    for (const slot of this.#slots) {
      clearTimeout(slot.timer);
      // A worker that has not started has nothing to end.
      if (!hasStarted(slot)) this.#over(slot);
      else slot.thread?.post(how);
    }
    this.#settle();
    await this.#ended.promise;
    clearTimeout(limit);
  }

  /** Ends all threads at once. */
  terminate(): void {
    this.#phase = "ending";
    for (const slot of this.#slots) {
      clearTimeout(slot.timer);
      this.#over(slot);
    }
    this.#settle();
  }

  #spawn(slot: WorkerSlot): void {
    const { module, permissions, observer } = this.#options;
    const spare = this.#options.spare?.take();
    slot.state = "loading";
    slot.events = new WorkerEvents(observer);
    slot.bornMs = monotonicClock.nowMs();
    slot.timer = setTimeout(
      () => this.#died(slot, new Error(`not started within ${START_LIMIT_MS / 1000} s`)),
      START_LIMIT_MS,
    );
    try {
      slot.thread = new WorkerThread({
        name: `worker ${slot.number + 1}`,
        module,
        permissions,
        observer: {
          message: (message) => this.#receive(slot, message),
          died: (error) => this.#died(slot, error),
        },
        spare,
      });
      if (spare !== undefined) slot.thread.replay(spare.messages);
    } catch (error) {
      this.#died(slot, error instanceof Error ? error : new Error(String(error)));
    }
  }

  #receive(slot: WorkerSlot, message: FromWorker): void {
    const { onReport } = this.#options;
    switch (message.kind) {
      case "loaded":
        slot.state = "loaded";
        return this.#isHeld ? undefined : this.#startUp(slot);
      case "name":
        return this.#answerName(slot, message);
      case "bound":
        this.#options.onBound(message.confinement);
        slot.events.listeners = message.listeners.map(({ address }) => address);
        return this.#boundBy(slot);
      case "failed":
        return this.#died(slot, new StartError(message.message));
      case "report":
        return onReport(message);
      case "counters":
        return this.#options.counters.receive(slot, message.counters);
      case "answer":
        return this.#questions.receive(slot.number, message);
      case "capture_begun":
      case "capture_packets":
      case "capture_ended":
        return slot.thread && this.#options.captures.receive(slot.thread, message);
      case "draining":
        return this.#draining(message.leftMs);
      case "ended":
        this.#over(slot);
        return this.#settle();
      default:
        return slot.events.relay(message);
    }
  }

  #answerName({ thread }: WorkerSlot, { id, name }: Extract<FromWorker, { kind: "name" }>): void {
    // A worker that has died meanwhile gets no answer.
    this.#options.onName(id, name).then((answer) => thread?.post(answer))
      .catch((error) => this.#options.observer.defect(error));
  }

  #startUp(slot: WorkerSlot): void {
    slot.state = "binding";
    const { thread } = slot;
    if (thread === undefined) return;
    thread.post({
      ...this.#options.startMessage(slot.number),
      captures: this.#options.captures.ordersFor(thread),
      nowMs: monotonicClock.nowMs(),
    });
  }

  #boundBy(slot: WorkerSlot): void {
    slot.state = "bound";
    clearTimeout(slot.timer);
    if (this.#phase === "starting") {
      if (this.#slots.every(({ state }) => state === "bound")) this.#bound.resolve();
      return;
    }
    if (this.#phase === "ending") return;
    this.#options.onRebound(slot.number);
    this.#serve(slot);
    this.#options.counters.restarts++;
    this.#options.observer.workerRestarted(slot.number + 1);
  }

  #serve(slot: WorkerSlot): void {
    slot.state = "serving";
    slot.thread?.post({ kind: "accept" });
  }

  #died(slot: WorkerSlot, error: Error): void {
    const { generation, observer } = this.#options;
    clearTimeout(slot.timer);
    this.#endThread(slot);
    slot.state = "dead";
    this.#questions.lost(slot.number);
    const sessions = generation.activeOf(slot.number);
    generation.forget(slot.number);
    slot.events.close();
    this.#options.counters.ended(slot);
    if (this.#phase === "starting") {
      // If all had bound already, nothing is lost: the worker is replaced when the others begin to accept.
      this.#bound.reject(startError(error, this.#options.module));
      return;
    }
    this.#options.counters.deaths++;
    if (this.#phase === "ending") {
      observer.workerDied(slot.number + 1, { error, sessions, restartMs: undefined });
      return this.#settle();
    }
    const restartMs = slot.backoff.next(monotonicClock.nowMs() - slot.bornMs);
    observer.workerDied(slot.number + 1, { error, sessions, restartMs });
    slot.timer = setTimeout(() => this.#spawn(slot), restartMs);
  }

  #draining(leftMs: number): void {
    const nowMs = monotonicClock.nowMs();
    if (nowMs - this.#drainReportedMs < DRAIN_REPORT_MS) return;
    this.#drainReportedMs = nowMs;
    this.#options.observer.draining(this.#options.generation.active, leftMs);
  }

  #over(slot: WorkerSlot): void {
    this.#endThread(slot);
    slot.state = "ended";
    this.#options.counters.ended(slot);
    this.#questions.lost(slot.number);
  }

  #endThread(slot: WorkerSlot): void {
    const { thread } = slot;
    slot.thread = undefined;
    thread?.terminate();
    if (thread === undefined) return;
    this.#options.captures.lost(thread);
    this.#options.onGone?.(slot.number);
  }

  #settle(): void {
    const isOver = this.#slots.every(({ state }) => state === "ended" || state === "dead");
    if (this.#phase === "ending" && isOver) this.#ended.resolve();
  }
}
