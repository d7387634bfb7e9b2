import type { Config } from "../../config/parsed.ts";
import { type Address, type Clock, errorMessage, monotonicClock } from "../../base/mod.ts";
import { SharedCount } from "../../limits/mod.ts";
import { type Confinement, type NativeTransport, prepareNativeTransport } from "../../net/mod.ts";
import {
  type BoundProxy,
  Proxy,
  type ProxyObserver,
  StartError,
  type WorkerContext,
} from "../../proxy/mod.ts";
import { confinementOf } from "../shared/confinement.ts";
import { attachApp, attachTargets } from "../shared/shared_views.ts";
import type {
  AnswerValue,
  FromWorker,
  Question,
  SessionsReported,
  StartMessage,
  ToWorker,
} from "../channel/messages.ts";
import { NameQuestions } from "./name_questions.ts";
import { isNotable, SessionBatcher } from "./session_batcher.ts";
import { CaptureSender } from "./capture_sender.ts";
import { errorRecord } from "../channel/records.ts";
import { OutcomeBatcher } from "./outcome_batcher.ts";
import { CountersSender } from "./counters_sender.ts";
import { AcceptBalancer } from "../shared/accept_balancer.ts";

/** The data plane of one worker: a proxy controlled by messages. */
export class WorkerPlane {
  readonly #post: (message: FromWorker) => void;
  readonly #sessions: SessionBatcher;
  readonly #outcomes: OutcomeBatcher;
  readonly #captures: CaptureSender;
  readonly #counters: CountersSender;
  readonly #accept = Promise.withResolvers<void>();
  readonly #bound = Promise.withResolvers<BoundProxy>();
  #share = 0;
  #reported: SessionsReported = "all";
  #starting: Promise<Proxy | undefined> = Promise.resolve(undefined);
  /** Prepared while the main thread reads the config. */
  readonly #openNative = prepareNativeTransport();
  /** Its sockets; `undefined` where they are the runtime's. */
  #native: NativeTransport | undefined;
  readonly #names: NameQuestions;
  #isEnding = false;
  /** The prepared change, and its reload. */
  #ready: { readonly reload: number; readonly use: () => void } | undefined;

  constructor(post: (message: FromWorker, transfer?: Transferable[]) => void) {
    this.#post = post;
    this.#captures = new CaptureSender(post);
    this.#sessions = new SessionBatcher(post);
    this.#outcomes = new OutcomeBatcher(post);
    this.#counters = new CountersSender(post);
    this.#names = new NameQuestions(post);
  }

  /** Handles a message from the control plane. */
  receive(message: ToWorker): void {
    switch (message.kind) {
      case "start":
        this.#starting = this.#start(message);
        for (const order of message.captures) {
          this.#whenStarted((proxy) => this.#captures.begin(proxy.captures, order));
        }
        return;
      case "capture":
      case "capture_end":
        return this.#whenStarted((proxy) => this.#captures.receive(proxy.captures, message));
      case "accept":
        return this.#accept.resolve();
      case "targets":
        // Before the first connection: clients may already wait in the accept queue.
        this.#bound.promise
          .then((proxy) => proxy.follow(message.pool, attachTargets(message.targets, this.#share)))
          .catch((error) => this.defect(error));
        return;
      case "name_answer":
        return this.#names.receive(message);
      case "ask":
        return this.#asked(message.id, message.question);
      case "report_sessions":
        this.#reported = message.sessions;
        return;
      case "drain":
        return this.#end((proxy) =>
          proxy.drain(message.others === undefined ? undefined : new Set(message.others), message.timeoutMs)
        );
      case "stop":
        return this.#end((proxy) => proxy.stop());
    }
  }

  /** Reports an uncaught error. */
  defect(error: unknown): void {
    this.#post({ kind: "defect", error: errorRecord(error) });
  }

  async #start(message: StartMessage): Promise<Proxy | undefined> {
    const { config, apps, memory, worker, share } = message;
    this.#share = share;
    this.#reported = message.sessions;
    const offsetMs = message.nowMs - monotonicClock.nowMs();
    const clock: Clock = { nowMs: () => monotonicClock.nowMs() + offsetMs };
    const ids = new BigInt64Array(memory.ids);
    const active = new SharedCount(memory.active, { worker, max: Infinity });
    const turns = new AcceptBalancer(memory.turns, { worker, sessions: active });
    const listeners = new Map<Address, number>();
    const context: WorkerContext = {
      startedMs: message.startedMs,
      thread: `worker ${worker + 1}`,
      apps: new Map(config.apps.map((app) => {
        const record = apps.get(app.name);
        if (record === undefined) throw new RangeError(`app "${app.name}" has no record`);
        return [app.name, attachApp(record, app, share)];
      })),
      hasUnixListeners: message.hasUnixListeners,
      unixNames: message.unixNames,
      beginSession: () => {
        active.tryTake();
        turns.sessionBegan();
        this.#counters.note();
        return Number(Atomics.add(ids, 0, 1n)) + 1;
      },
      turn: () => turns.take(),
      starved: {
        count: new SharedCount(memory.starved, { worker: share, max: Infinity }),
        moves: new Int32Array(memory.starvedMoves),
      },
      crossings: { memory: memory.crossings, worker: share },
      mayAccept: async (proxy) => {
        const bound = proxy.listeners();
        for (const [index, { address }] of bound.entries()) listeners.set(address, index);
        this.#bound.resolve(proxy);
        const confinement = await this.#confine(config);
        this.#post({ kind: "bound", listeners: bound, confinement });
        await this.#accept.promise;
        turns.join();
      },
      report: (target, outcome) => this.#outcomes.add(target, outcome),
    };
    try {
      const observer = this.#observer(listeners, { active, turns });
      this.#native = message.native &&
        await this.#openNative({ ...message.native, lookup: this.#names.lookup });
      const proxy = await Proxy.start(config, {
        observer,
        clock,
        context,
        ...(this.#native === undefined ? {} : { transport: this.#native }),
      });
      this.#counters.begin(proxy);
      return proxy;
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      this.#post({ kind: "failed", message: error.message });
      return undefined;
    }
  }

  /**
   * Gives up what the listeners needed, before the first connection.
   *
   * @throws {StartError} when that is not possible, and the config demands it; also when descriptors or memory are short.
   */
  async #confine(config: Config): Promise<Confinement | undefined> {
    if (this.#native === undefined || config.sandbox === "off") return undefined;
    const confinement = await this.#native.confine(confinementOf(config)).catch((error) => {
      throw new StartError(
        `confine a worker: ${
          errorMessage(error)
        }; raise the limit (ulimit -n, or memory), or set "sandbox: off"`,
      );
    });
    if (config.sandbox === "auto" || confinement.gaps.length === 0) return confinement;
    throw new StartError(
      `sandbox "on": ${confinement.gaps.join("; ")}; set "sandbox: auto" to start without`,
    );
  }

  #observer(
    listeners: ReadonlyMap<Address, number>,
    { active, turns }: { active: SharedCount; turns: AcceptBalancer },
  ): ProxyObserver {
    const indexOf = (listener: Address): number => listeners.get(listener) ?? -1;
    return {
      sessionEnded: (session) => {
        active.giveBack();
        turns.sessionEnded();
        if (this.#reported === "notable" && !isNotable(session)) return;
        this.#sessions.add(session, indexOf(session.listener));
      },
      sessionActive: (session) => this.#sessions.add(session, indexOf(session.listener)),
      acceptPaused: (address, error) =>
        this.#post({
          kind: "accept_paused",
          listener: indexOf(address),
          error: errorRecord(error),
        }),
      acceptResumed: (address, pausedMs) =>
        this.#post({ kind: "accept_resumed", listener: indexOf(address), pausedMs }),
      dialStarved: (app, error) => this.#post({ kind: "dial_starved", app, error: errorRecord(error) }),
      targetLeadsBack: (app, { label }, way) => this.#post({ kind: "leads_back", app, target: label, way }),
      socketFileChanged: (app, path, change) => this.#post({ kind: "socket_file", app, path, change }),
      draining: (_left, leftMs) => this.#post({ kind: "draining", leftMs }),
      defect: (error) => this.defect(error),
      // The control plane sees these first and reports them.
      targetChanged: () => {},
      certificateExpiring: () => {},
      discoveryFailing: () => {},
      discoveryRecovered: () => {},
      discoveryLeftOut: () => {},
    };
  }

  #asked(id: number, question: Question): void {
    switch (question.kind) {
      case "pause":
      case "faults":
      case "sync":
        return this.#override(id, question);
      case "retire":
        return this.#end(async (proxy) => {
          await this.#reply(id, () => this.#answer(proxy, question));
          await proxy.retired();
        });
      default:
        return this.#whenStarted((proxy) => this.#reply(id, () => this.#answer(proxy, question)));
    }
  }

  async #reply(id: number, answer: () => Promise<AnswerValue>): Promise<void> {
    try {
      const value = await answer();
      this.#post({ kind: "answer", id, value, problem: undefined });
    } catch (error) {
      this.#post({ kind: "answer", id, value: undefined, problem: errorMessage(error) });
    }
  }

  async #answer(
    proxy: Proxy,
    question: Exclude<Question, Question<"pause" | "faults" | "sync">>,
  ): Promise<AnswerValue> {
    switch (question.kind) {
      case "prepare":
        this.#ready = { reload: question.reload, use: await proxy.prepare(question.changed) };
        return;
      case "use":
        if (this.#ready?.reload !== question.reload) throw new Error("not prepared");
        this.#ready.use();
        return;
      case "counters":
        this.#counters.send();
        return;
      case "alive":
        return await proxy.isAlive();
      case "retire":
        await proxy.retire(question);
        return;
      case "sessions":
        return proxy.operations.findSessions(question.query);
      case "endSessions":
        return await proxy.operations.endAllThat(question.filter, question.why);
    }
  }

  /** Takes over what an operator has set: before the first connection, where the worker has just begun. */
  #override(id: number, question: Question<"pause" | "faults" | "sync">): void {
    this.#bound.promise.then(async ({ operations }) => {
      if (question.kind === "pause") await operations.setPaused(question.app, question.isPaused);
      if (question.kind === "faults") operations.useFaults(question.app, question.faults);
      this.#post({ kind: "answer", id, value: undefined, problem: undefined });
    }).catch((error) => this.defect(error));
  }

  #end(how: (proxy: Proxy) => Promise<void>): void {
    // A worker that still waits for permission to accept ends too.
    this.#accept.resolve();
    this.#whenStarted(async (proxy) => {
      await how(proxy);
      if (this.#isEnding) return;
      this.#isEnding = true;
      await this.#native?.end();
      this.#sessions.flush();
      this.#outcomes.flush();
      this.#counters.end();
      this.#post({ kind: "ended" });
    });
  }

  #whenStarted(use: (proxy: Proxy) => void | Promise<void>): void {
    this.#starting.then((proxy) => proxy === undefined ? undefined : use(proxy))
      .catch((error) => this.defect(error));
  }
}
