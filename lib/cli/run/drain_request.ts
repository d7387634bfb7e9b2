import type { Config } from "../../config/mod.ts";
import type { Logger } from "../../log/mod.ts";
import type { EndSignal, Signals } from "./signals.ts";

/** A request to end the process. */
export type EndCause = EndSignal | "admin API" | "upgrade";

/** The latest moment that a `Date` can be. */
const LAST_DATE_MS = 8.64e15;

/** The end of the process, which a signal, the admin API or an upgrade asks for. */
export class DrainRequest {
  readonly #signals: Pick<Signals, "next">;
  readonly #log: Logger;
  readonly #asked = Promise.withResolvers<"admin API" | "upgrade">();
  #onBegin: (() => void) | undefined;

  constructor(signals: Pick<Signals, "next">, log: Logger) {
    this.#signals = signals;
    this.#log = log;
  }

  /** Another process has taken over. Idempotent; calls nothing of {@link DrainRequest.next}. */
  readonly replaced = (): void => this.#asked.resolve("upgrade");

  /** The admin API asks for it. Idempotent. */
  readonly request = (): void => {
    this.#begin();
    this.#asked.resolve("admin API");
  };

  /**
   * Waits until somebody asks for it, and calls `onBegin` as soon as somebody does. The signals that come after it are those
   * of the result: the first one after a request of the admin API or an upgrade changes nothing, since a supervisor that has asked there
   * sends SIGTERM as well.
   */
  async next(
    onBegin: () => void,
  ): Promise<{ readonly cause: EndCause; readonly signals: Pick<Signals, "next"> }> {
    this.#onBegin = onBegin;
    const signal = this.#signals.next();
    const cause = await Promise.race([signal, this.#asked.promise]);
    if (cause !== "upgrade") this.#begin();
    if (cause !== "admin API" && cause !== "upgrade") return { cause, signals: this.#signals };
    return {
      cause,
      signals: {
        next: async () => {
          this.#log.info("{signal}: already draining; once more stops at once", { signal: await signal });
          return await this.#signals.next();
        },
      },
    };
  }

  /** At most once. */
  #begin(): void {
    const begin = this.#onBegin;
    this.#onBegin = undefined;
    begin?.();
  }
}

/** When a drain that begins now ends the last session; `undefined` for no limit. */
export function drainDeadline({ shutdown: { delayMs, drainTimeoutMs } }: Config): Date | undefined {
  const deadlineMs = Date.now() + delayMs + drainTimeoutMs;
  return deadlineMs <= LAST_DATE_MS ? new Date(deadlineMs) : undefined;
}
