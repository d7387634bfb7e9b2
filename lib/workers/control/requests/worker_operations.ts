import { SharedDraws, type TargetSettingChange } from "../../../app/mod.ts";
import { monotonicClock } from "../../../base/mod.ts";
import type { FaultConfig } from "../../../config/mod.ts";
import {
  type Carried,
  type ControlPlane,
  type DiscoveryAnswer,
  KILLED,
  type ProxyOperations,
  type SessionList,
  type SessionsEnded,
  TARGET_DOWN,
  type TargetName,
} from "../../../proxy/mod.ts";
import {
  type EndingReason,
  firstSessions,
  type SessionFacts,
  type SessionFilter,
  type SessionQuery,
} from "../../../session/mod.ts";
import type { AnswerValue, Question, QuestionKind } from "../../channel/messages.ts";
import type { Answers } from "./replies.ts";
import type { Supervisor } from "../threads/supervisor.ts";

export interface WorkerOperationsOptions {
  readonly control: ControlPlane;
  /** The workers of all generations: those of the config in effect first, those that a reload is starting last. */
  supervisors(): readonly Pick<Supervisor, "ask">[];
  /** Sends what has changed of targets to the workers. */
  postChanges(): void;
}

/** How long workers may take to answer an operator; a hung one must not hold up the others' answer for longer. */
const ANSWER_LIMIT_MS = 2000;

/** The same where the work grows with the sessions: ending 10,000 takes about a second. */
const END_LIMIT_MS = 10_000;

/** What an operator may do to a proxy with several threads: the control plane keeps it, and the workers carry it out. */
export class WorkerOperations implements ProxyOperations {
  readonly #options: WorkerOperationsOptions;
  readonly #control: ControlPlane;

  constructor(options: WorkerOperationsOptions) {
    this.#options = options;
    this.#control = options.control;
  }

  async sessions(query: SessionQuery): Promise<SessionList> {
    const { values, incomplete } = await this.#ask({ kind: "sessions", query }, ANSWER_LIMIT_MS);
    const found = values.flatMap(({ worker, value }) =>
      value.sessions.map((session): SessionFacts => ({ ...session, worker }))
    );
    return {
      total: values.reduce((sum, { value }) => sum + value.total, 0),
      matched: values.reduce((sum, { value }) => sum + value.matched, 0),
      sessions: firstSessions(found, query),
      incomplete,
    };
  }

  endSessions(filter: SessionFilter): Promise<SessionsEnded> {
    return this.#end(filter, KILLED);
  }

  async setTarget(
    { app, label }: TargetName,
    change: TargetSettingChange,
  ): Promise<SessionsEnded | undefined> {
    if (!this.#control.settings.setTarget(app, label, change)) return undefined;
    // First, so that no connection goes to a target whose sessions are ended.
    this.#options.postChanges();
    if (change.admin === "down") return await this.#end({ app, target: label }, TARGET_DOWN);
    const { incomplete } = await this.#ask({ kind: "sync" }, ANSWER_LIMIT_MS);
    return { ended: 0, incomplete };
  }

  /** Ends the sessions of targets that are down: workers that a reload has retired meanwhile have not heard of it. */
  async endDowned(): Promise<void> {
    await Promise.all(this.#control.settings.downed().map((filter) => this.#end(filter, TARGET_DOWN)));
  }

  async setPaused(app: string, isPaused: boolean): Promise<Carried | undefined> {
    if (!this.#control.settings.setPaused(app, isPaused)) return undefined;
    const { incomplete } = await this.#ask({ kind: "pause", app, isPaused }, ANSWER_LIMIT_MS);
    return { incomplete };
  }

  async setFaults(app: string, faults: readonly FaultConfig[]): Promise<Carried | undefined> {
    const set = faults.length === 0 ? undefined : {
      faults,
      since: { clockMs: monotonicClock.nowMs(), epochMs: Date.now() },
      draws: SharedDraws.allocate(faults.length),
    };
    if (!this.#control.settings.setFaults(app, set)) return undefined;
    const { incomplete } = await this.#ask({ kind: "faults", app, faults: set }, ANSWER_LIMIT_MS);
    return { incomplete };
  }

  discoveries(): readonly DiscoveryAnswer[] {
    return this.#control.discoveries();
  }

  async #end(filter: SessionFilter, why: EndingReason): Promise<SessionsEnded> {
    const { values, incomplete } = await this.#ask({ kind: "endSessions", filter, why }, END_LIMIT_MS);
    return { ended: values.reduce((sum, { value }) => sum + value, 0), incomplete };
  }

  /** Asks the workers of all generations, and says which have not answered. Never rejects. */
  async #ask<Kind extends QuestionKind>(
    question: Question & { readonly kind: Kind },
    limitMs: number,
  ): Promise<{ values: Answers<AnswerValue<Kind>>["values"]; incomplete: string[] }> {
    const supervisors = this.#options.supervisors();
    const answers = await Promise.all(
      supervisors.map((supervisor) => supervisor.ask<Kind>(question, limitMs)),
    );
    return {
      values: answers.flatMap(({ values }) => values),
      incomplete: answers.flatMap(({ refusals }, generation) =>
        refusals.map(({ worker, why }) =>
          `worker ${worker}${generation === 0 ? "" : " with another config"}: ${why}`
        )
      ),
    };
  }
}
