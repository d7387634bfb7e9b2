import type { App, RuntimeFaults, TargetSettingChange } from "../../app/mod.ts";
import type { Clock } from "../../base/mod.ts";
import type { FaultConfig } from "../../config/parsed.ts";
import type {
  EndingReason,
  SessionFilter,
  SessionPage,
  SessionQuery,
  SessionTable,
} from "../../session/mod.ts";
import {
  type Carried,
  type DiscoveryAnswer,
  KILLED,
  type ProxyOperations,
  type SessionList,
  type SessionsEnded,
  TARGET_DOWN,
  type TargetName,
} from "../operations.ts";

export interface LocalOperationsOptions {
  readonly clock: Clock;
  readonly sessions: SessionTable;
  /** The apps in effect, by name. */
  apps(): ReadonlyMap<string, App>;
}

const ALL_TOOK_PART: Carried = { incomplete: [] };

/** What an operator may do to the proxy in this thread, and what a worker does of that on behalf of its control plane. */
export class LocalOperations implements ProxyOperations {
  readonly #options: LocalOperationsOptions;

  constructor(options: LocalOperationsOptions) {
    this.#options = options;
  }

  sessions(query: SessionQuery): Promise<SessionList> {
    return Promise.resolve({ ...this.findSessions(query), ...ALL_TOOK_PART });
  }

  /** Finds the sessions of this thread. */
  findSessions(query: SessionQuery): SessionPage {
    return this.#options.sessions.find(query, this.#options.clock.nowMs());
  }

  async endSessions(filter: SessionFilter): Promise<SessionsEnded> {
    return { ...ALL_TOOK_PART, ended: await this.endAllThat(filter, KILLED) };
  }

  /** Ends all live sessions of this thread that fit the filter; returns how many. */
  endAllThat(filter: SessionFilter, why: EndingReason): Promise<number> {
    return this.#options.sessions.endAllThat(filter, why);
  }

  async setTarget(
    { app, label }: TargetName,
    change: TargetSettingChange,
  ): Promise<SessionsEnded | undefined> {
    if (this.#app(app)?.setTarget(label, change) !== true) return undefined;
    const isDown = change.admin === "down";
    const ended = isDown ? await this.endAllThat({ app, target: label }, TARGET_DOWN) : 0;
    return { ...ALL_TOOK_PART, ended };
  }

  setPaused(name: string, isPaused: boolean): Promise<Carried | undefined> {
    const app = this.#app(name);
    app?.setPaused(isPaused);
    return Promise.resolve(app && ALL_TOOK_PART);
  }

  setFaults(name: string, faults: readonly FaultConfig[]): Promise<Carried | undefined> {
    const since = { clockMs: this.#options.clock.nowMs(), epochMs: Date.now() };
    this.useFaults(name, faults.length === 0 ? undefined : { faults, since });
    return Promise.resolve(this.#app(name) && ALL_TOOK_PART);
  }

  /** Replaces the faults of an app that were set at run time. */
  useFaults(name: string, faults: RuntimeFaults | undefined): void {
    this.#app(name)?.setFaults(faults);
  }

  discoveries(): readonly DiscoveryAnswer[] {
    return [...this.#options.apps()].flatMap(([name, app]) =>
      app.discoveries().map((answer) => ({ app: name, ...answer }))
    );
  }

  #app(name: string): App | undefined {
    return this.#options.apps().get(name);
  }
}
