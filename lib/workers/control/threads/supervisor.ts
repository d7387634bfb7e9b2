import { MAX_TIMER_MS, monotonicClock } from "../../../base/mod.ts";
import { type Retirement, StartError } from "../../../proxy/mod.ts";
import { startError } from "./_start_error.ts";
import type { Confinement } from "../../../net/mod.ts";
import { Questions } from "../requests/questions.ts";
import type { Answers, Refusal } from "../requests/replies.ts";
import { WorkerSlot, type WorkerSlotObserver, type WorkerSlotOptions } from "./_worker_slot.ts";
import type { AnswerValue, FromWorker, Question, QuestionKind, ToWorker } from "../../channel/messages.ts";
import type { WorkerCounters } from "../requests/worker_counters.ts";
import type { Generation } from "./generation.ts";

export interface SupervisorOptions extends WorkerSlotOptions {
  readonly count: number;
  readonly generation: Generation;
  /** Called when the successor of a dead worker has bound its listeners, before it accepts. */
  onRebound(worker: number): void;
  /** Keeps what workers count. */
  readonly counters: WorkerCounters;
  /** Answers a worker's question about a name. */
  onName(id: number, name: string): Promise<ToWorker>;
  /** Called when a worker has bound its listeners, with how the kernel confines it. */
  onBound(confinement: Confinement | undefined): void;
  /** Receives the outcomes that the control plane judges. */
  onReport(message: Extract<FromWorker, { kind: "report" }>): void;
}

/** How long a worker may take, beyond its own limit, to report that it has ended. */
const END_SLACK_MS = 5000;

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
    const observer: WorkerSlotObserver = {
      message: (slot, message) => this.#receive(slot, message),
      died: (slot, error) => this.#died(slot, error),
    };
    this.#slots = Array.from(
      { length: options.count },
      (_, number) => new WorkerSlot(number, observer, options),
    );
  }

  /**
   * Starts all workers; resolves when each has bound its listeners.
   *
   * @throws {StartError} when one cannot; the caller ends the others.
   */
  bind(): Promise<void> {
    for (const slot of this.#slots) slot.spawn();
    return this.#bound.promise;
  }

  /** Lets all workers accept. From here on a worker that dies is replaced. */
  accept(): void {
    this.#phase = "serving";
    for (const slot of this.#slots) {
      if (slot.state === "dead") slot.spawn();
      else slot.serve();
    }
  }

  /** Sends a message to all started workers; later ones get the current state in their start message. */
  post(message: ToWorker): void {
    for (const slot of this.#slots) if (slot.hasStarted) slot.post(message);
  }

  /** Asks all started workers and waits for their answers, by default for up to 10 s. Never rejects. */
  async ask<Kind extends QuestionKind>(
    question: Question & { readonly kind: Kind },
    limitMs?: number,
  ): Promise<Answers<AnswerValue<Kind>>> {
    const asked = this.#slots.filter(({ hasStarted }) => hasStarted);
    return await this.#questions.ask<Kind>(question, asked, limitMs);
  }

  /** Holds back the start of loaded workers until the returned object is disposed of. */
  hold(): Disposable {
    this.#isHeld = true;
    return {
      [Symbol.dispose]: () => {
        this.#isHeld = false;
        for (const slot of this.#slots) if (slot.state === "loaded") slot.bind();
      },
    };
  }

  /** Stops all workers from accepting, as others with another config take over; resolves when they have stopped. */
  async retire(retirement: Retirement): Promise<readonly Refusal[]> {
    this.#phase = "ending";
    for (const slot of this.#slots) {
      slot.stopTimer();
      if (!slot.hasStarted) this.#over(slot);
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
      slot.stopTimer();
      // A worker that has not started has nothing to end.
      if (!slot.hasStarted) this.#over(slot);
      else slot.post(how);
    }
    this.#settle();
    await this.#ended.promise;
    clearTimeout(limit);
  }

  /** Ends all threads at once. */
  terminate(): void {
    this.#phase = "ending";
    for (const slot of this.#slots) {
      slot.stopTimer();
      this.#over(slot);
    }
    this.#settle();
  }

  #receive(slot: WorkerSlot, message: FromWorker): void {
    const { onReport } = this.#options;
    switch (message.kind) {
      case "loaded":
        slot.loaded();
        return this.#isHeld ? undefined : slot.bind();
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

  #boundBy(slot: WorkerSlot): void {
    slot.bound();
    if (this.#phase === "starting") {
      if (this.#slots.every(({ state }) => state === "bound")) this.#bound.resolve();
      return;
    }
    if (this.#phase === "ending") return;
    this.#options.onRebound(slot.number);
    slot.serve();
    this.#options.counters.restarts++;
    this.#options.observer.workerRestarted(slot.number + 1);
  }

  #died(slot: WorkerSlot, error: Error): void {
    const { generation, observer } = this.#options;
    slot.stopTimer();
    slot.end("dead");
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
    observer.workerDied(slot.number + 1, { error, sessions, restartMs: slot.respawn() });
  }

  #draining(leftMs: number): void {
    const nowMs = monotonicClock.nowMs();
    if (nowMs - this.#drainReportedMs < DRAIN_REPORT_MS) return;
    this.#drainReportedMs = nowMs;
    this.#options.observer.draining(this.#options.generation.active, leftMs);
  }

  #over(slot: WorkerSlot): void {
    slot.end("ended");
    this.#options.counters.ended(slot);
    this.#questions.lost(slot.number);
  }

  #settle(): void {
    const areOver = this.#slots.every(({ isOver }) => isOver);
    if (this.#phase === "ending" && areOver) this.#ended.resolve();
  }
}
