import { type ConnectionQuestion, type Explanation, questionTexts } from "../../proxy/mod.ts";
import { type AdminClientOptions, AdminRequests, type Answer, type RequestMethod } from "./_requests.ts";
import { listIn, recordOf } from "../json/fields.ts";
import { explanationFromJson, listenerFromJson } from "../json/explanation.ts";
import {
  changesFromJson,
  type ChangesJson,
  problemFromJson,
  type ReloadProblemJson,
} from "../json/reload.ts";

export { AdminClientError, type AdminClientOptions, type RequestMethod } from "./_requests.ts";

/** The time limit of a reload: its files may be slow, and new workers have to start. */
const RELOAD_TIMEOUT_MS = 90_000;

/** The result of a reload or of a plan. */
export type ReloadAnswer =
  | {
    readonly kind: "done";
    /** The whole response, for scripts. */
    readonly json: unknown;
    readonly changes: ChangesJson;
    readonly warnings: readonly ReloadProblemJson[];
  }
  | { readonly kind: "refused"; readonly problems: readonly ReloadProblemJson[] };

export interface RequestOptions {
  readonly query?: URLSearchParams;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Default 5 s. */
  readonly timeoutMs?: number;
}

/** A client of a running proxy's admin API. */
export class AdminClient {
  readonly #url: URL;
  readonly #requests: AdminRequests;

  constructor(options: AdminClientOptions) {
    this.#url = options.url;
    this.#requests = new AdminRequests(options);
  }

  /** The API's URL. */
  get url(): URL {
    return this.#url;
  }

  /**
   * Explains what would happen to a connection.
   *
   * @throws {AdminClientError}
   */
  async explain(question: ConnectionQuestion): Promise<Explanation> {
    const query = Object.entries(questionTexts(question)).filter((part) => part[1] !== undefined);
    const { status, isProblem, json } = await this.#requests.ask("GET", "api/explain", {
      query: new URLSearchParams(query),
    });
    return this.#requests.understood(() => {
      if (status === 200) return explanationFromJson(json);
      const problem = recordOf(isProblem ? json : undefined);
      if (status === 404 && "nearest" in problem) {
        const { nearest } = problem;
        return { kind: "none", nearest: nearest === null ? undefined : listenerFromJson(nearest) };
      }
      if (status === 409 && "listeners" in problem) {
        return { kind: "several", listeners: listIn(problem, "listeners").map(listenerFromJson) };
      }
      throw this.#requests.refused(status, problem);
    });
  }

  /**
   * Makes the proxy reload its config file.
   *
   * @throws {AdminClientError}
   */
  async reload(): Promise<ReloadAnswer> {
    return this.#reloadAnswer(
      await this.#requests.ask("POST", "api/reload", { timeoutMs: RELOAD_TIMEOUT_MS }),
    );
  }

  /**
   * Returns what a reload would change: to the given config, as `effectiveConfig` builds it, or to the proxy's file.
   *
   * @throws {AdminClientError}
   */
  async plan(config?: Record<string, unknown>): Promise<ReloadAnswer> {
    const query = new URLSearchParams({ plan: "true" });
    const body = config === undefined ? undefined : JSON.stringify(config);
    return this.#reloadAnswer(
      await this.#requests.ask("POST", "api/reload", { query, body, timeoutMs: RELOAD_TIMEOUT_MS }),
    );
  }

  /**
   * Sends a request to any path, and returns the JSON that answers it.
   *
   * @param path relative to the API's URL: `api/status`.
   * @throws {AdminClientError} when there is no answer, or it is an error; the message has its detail.
   */
  async request(method: RequestMethod, path: string, options: RequestOptions = {}): Promise<unknown> {
    const { query, body, timeoutMs } = options;
    const { status, isProblem, json } = await this.#requests.ask(method, path, {
      ...(query === undefined ? {} : { query }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
    if (status < 300) return json;
    throw this.#requests.understood(() =>
      this.#requests.refused(status, recordOf(isProblem ? json : undefined))
    );
  }

  /**
   * Opens a long response, such as a capture, and yields its body as it arrives. Sends nothing before the first piece
   * is requested.
   *
   * @param path relative to the API's URL.
   * @throws {AdminClientError} when there is no answer, or it is an error; the signal's reason once aborted.
   */
  stream(
    path: string,
    options: { readonly query?: URLSearchParams; readonly signal: AbortSignal },
  ): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    return this.#requests.stream(path, options);
  }

  #reloadAnswer({ status, isProblem, json }: Answer): ReloadAnswer {
    return this.#requests.understood((): ReloadAnswer => {
      if (status === 200) {
        const { changes, warnings } = recordOf(json);
        return {
          kind: "done",
          json,
          changes: changesFromJson(changes),
          warnings: Array.isArray(warnings) ? warnings.map(problemFromJson) : [],
        };
      }
      const problem = recordOf(isProblem ? json : undefined);
      if (status === 409) {
        return { kind: "refused", problems: listIn(problem, "problems").map(problemFromJson) };
      }
      throw this.#requests.refused(status, problem);
    });
  }
}
