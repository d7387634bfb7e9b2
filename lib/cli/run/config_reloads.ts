import type { ConfigState, LastReload } from "../../admin/mod.ts";
import { errorMessage } from "../../base/mod.ts";
import type { Config } from "../../config/mod.ts";
import type { Logger } from "../../log/mod.ts";
import { NO_PASSED_SOCKETS } from "../handover/inherited_sockets.ts";
import {
  type PassedSockets,
  type ProxyControl,
  type ReloadPlan,
  type ReloadResult,
  resolveListenNames,
  resolvePassedSockets,
} from "../../proxy/mod.ts";
import { logReload, reloadDetail } from "./logging/reload_lines.ts";

export interface ConfigReloadsOptions {
  readonly log: Logger;
  /** Opens the log's file anew. */
  reopenLog(): void;
  /**
   * Reads the config again. Default it has no file: certificates alone are read again.
   *
   * @throws {UnreadableConfig} when it cannot be used.
   */
  readonly readConfig?: (() => Promise<Config>) | undefined;
  /** The config's file, which {@link ConfigReloadsOptions.readConfig} reads; default it has none. */
  readonly path?: string | undefined;
  /** Called when a reload begins, and when it has ended. */
  readonly onReload?: (event: "begun" | ReloadResult) => void;
  /** How long that may take; default 10 s. */
  readonly readLimitMs?: number;
}

const READ_LIMIT_MS = 10_000;

/** The part of a proxy that reloads. */
export type Reloadable = Pick<ProxyControl, "reload" | "plan">;

/**
 * Puts the config's file into effect again, whatever asks for it: SIGHUP, the admin API, or the file itself when it has
 * changed. Of several signals that come while one is dealt with, one more is.
 */
export class ConfigReloads implements Disposable {
  readonly #options: ConfigReloadsOptions;
  readonly #path: string | undefined;
  #loadedAt = new Date();
  #lastReload: LastReload | undefined;
  readonly #counts = { succeeded: 0, failed: 0 };
  #proxy: Reloadable | undefined;
  #reading: Promise<Config> | undefined;
  #isPending = false;
  #isRunning = false;
  #isClosed = false;
  #running = 0;
  #heldBecause: string | undefined;
  /** The sockets that this process was started with; default none. */
  passedSockets: PassedSockets = NO_PASSED_SOCKETS;

  constructor(options: ConfigReloadsOptions) {
    this.#options = options;
    this.#path = options.path;
  }

  /** Where the config in effect comes from. */
  get state(): ConfigState {
    return {
      path: this.#path,
      loadedAt: this.#loadedAt,
      lastReload: this.#lastReload,
      reloads: { ...this.#counts },
    };
  }

  /** SIGHUP: the log is opened anew at once, the config is reloaded as soon as there is a proxy. */
  hangUp(): void {
    if (this.#isClosed) return;
    this.#options.reopenLog();
    this.#isPending = true;
    this.#begin();
  }

  /** The proxy runs. A signal that came before is answered now: files may have changed since they were read. */
  attach(proxy: Reloadable): void {
    this.#proxy = proxy;
    this.#begin();
  }

  /** Whether a reload has begun and not ended. */
  get isUnderWay(): boolean {
    return this.#running > 0;
  }

  /** Refuses every reload, with this reason, until the returned object is disposed of. */
  hold(reason: string): Disposable {
    this.#heldBecause = reason;
    return {
      [Symbol.dispose]: () => {
        this.#heldBecause = undefined;
      },
    };
  }

  /** Reloads, and logs what came of it. Never rejects. */
  async reload(trigger: string): Promise<ReloadResult> {
    const { onReload } = this.#options;
    onReload?.("begun");
    this.#running++;
    const result = await this.#result();
    this.#running--;
    onReload?.(result);
    this.#note(result, trigger);
    if (!this.#isClosed) logReload(this.#options.log, result, trigger);
    return result;
  }

  /** Returns the plan of a reload: to this config, or to the file's. Never rejects. */
  async plan(next?: Config): Promise<ReloadPlan> {
    if (this.#proxy === undefined) return refusedPlan(NOT_STARTED);
    try {
      return await this.#proxy.plan(await this.#resolved(next ?? await this.#read()));
    } catch (error) {
      return refusedPlan(...messagesOf(error));
    }
  }

  /** The program ends: nothing more is read or logged. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
  }

  #note(result: ReloadResult, trigger: string): void {
    const at = new Date();
    const succeeded = result.kind === "done";
    if (succeeded) this.#loadedAt = at;
    this.#counts[succeeded ? "succeeded" : "failed"]++;
    this.#lastReload = {
      at,
      trigger,
      result: succeeded ? "succeeded" : "failed",
      detail: reloadDetail(result),
    };
  }

  #begin(): void {
    if (this.#isRunning || this.#proxy === undefined) return;
    this.#isRunning = true;
    void this.#run();
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    while (this.#isPending && !this.#isClosed) {
      this.#isPending = false;
      await this.reload("SIGHUP");
    }
    this.#isRunning = false;
  }

  /**
   * Reads the config, within a limit. A read that hangs (a dead mount) is waited for again instead of being followed by
   * another, so that it holds one thread of the runtime and no more.
   */
  async #read(): Promise<Config | undefined> {
    const { readConfig, readLimitMs = READ_LIMIT_MS } = this.#options;
    if (readConfig === undefined) return undefined;
    if (this.#reading === undefined) {
      const reading = readConfig();
      this.#reading = reading;
      const forget = (): void => void (this.#reading = undefined);
      reading.then(forget, forget);
    }
    const late = (): Error => new Error(`the config was not read within ${readLimitMs / 1000} s`);
    return await within(this.#reading, readLimitMs, late);
  }

  /** With today's addresses in place of the names that it listens on, as in the config that runs. */
  async #resolved(config: Config | undefined): Promise<Config | undefined> {
    return config && (await resolveListenNames(resolvePassedSockets(config, this.passedSockets))).config;
  }

  async #result(): Promise<ReloadResult> {
    const why = this.#proxy === undefined ? NOT_STARTED : this.#heldBecause;
    if (this.#proxy === undefined || why !== undefined) {
      return { kind: "refused", problems: refusedPlan(why ?? NOT_STARTED).problems };
    }
    try {
      return await this.#proxy.reload(await this.#resolved(await this.#read()));
    } catch (error) {
      return { kind: "refused", problems: refusedPlan(...messagesOf(error)).problems };
    }
  }
}

/** Waits for `promise`, but no longer than so; then rejects with what `late` makes. */
async function within<T>(promise: Promise<T>, limitMs: number, late: () => Error): Promise<T> {
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(() => limit.reject(late()), limitMs);
  try {
    return await Promise.race([promise, limit.promise]);
  } finally {
    clearTimeout(timer);
  }
}

const NOT_STARTED = "the proxy has not started yet";

/** Why the config cannot be read, a message for each problem. */
export class UnreadableConfig extends Error {
  override readonly name = "UnreadableConfig";
  readonly messages: readonly string[];

  constructor(messages: readonly string[], cause: unknown) {
    super(messages.join("; "), { cause });
    this.messages = messages;
  }
}

function messagesOf(error: unknown): readonly string[] {
  return error instanceof UnreadableConfig ? error.messages : [errorMessage(error)];
}

function refusedPlan(...messages: readonly string[]): ReloadPlan {
  return {
    diff: { apps: [], settings: [] },
    apps: [],
    problems: messages.map((message) => ({
      app: undefined,
      file: undefined,
      path: [],
      message,
      severity: "error",
    })),
  };
}
