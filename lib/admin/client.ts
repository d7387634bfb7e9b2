import { errorMessage, isLoopback } from "../base/mod.ts";
import { type ConnectionQuestion, type Explanation, questionTexts } from "../proxy/mod.ts";
import { explanationFromJson, listenerFromJson } from "./explanation_json.ts";
import { PROBLEM_TYPE } from "./answer.ts";
import { changesFromJson, type ChangesJson, problemFromJson, type ReloadProblemJson } from "./reload_json.ts";
import { type JsonRecord, listIn, printable, recordOf } from "./shape.ts";

export interface AdminClientOptions {
  /** Where the API is: `http://127.0.0.1:9900`. */
  readonly url: URL;
  /** What it wants to be shown; `undefined` for nothing. */
  readonly token: string | undefined;
  /** The limit of one question, from connecting to the answer's last byte; default 5 s. */
  readonly timeoutMs?: number;
}

/** A proxy that could not be asked, or has given no answer that can be used; the message says all. */
export class AdminClientError extends Error {
  override readonly name = "AdminClientError";
}

const DEFAULT_TIMEOUT_MS = 5000;

/** The longest answer: the status of some 20,000 targets. */
const MAX_BYTES = 8 * 1024 * 1024;

/** The limit of a reload: its files may be slow, and new workers have to start. */
const RELOAD_TIMEOUT_MS = 90_000;

/** What came of a reload, or would. */
export type ReloadAnswer =
  | {
    readonly kind: "done";
    /** The whole answer, for scripts. */
    readonly json: unknown;
    readonly changes: ChangesJson;
    readonly warnings: readonly ReloadProblemJson[];
  }
  | { readonly kind: "refused"; readonly problems: readonly ReloadProblemJson[] };

interface Asked {
  readonly query?: URLSearchParams;
  readonly body?: string | undefined;
  readonly timeoutMs?: number;
}

/** An answer, as far as it is understood without knowing what was asked. */
interface Answer {
  readonly status: number;
  readonly isProblem: boolean;
  readonly json: unknown;
}

/** Asks a proxy that runs. */
export class AdminClient {
  readonly #options: AdminClientOptions;

  constructor(options: AdminClientOptions) {
    this.#options = options;
  }

  /** What would happen to a connection. @throws {AdminClientError} */
  async explain(question: ConnectionQuestion): Promise<Explanation> {
    const query = Object.entries(questionTexts(question)).filter((part) => part[1] !== undefined);
    const { status, isProblem, json } = await this.#get("api/explain", new URLSearchParams(query));
    return this.#understood(() => {
      if (status === 200) return explanationFromJson(json);
      const problem = recordOf(isProblem ? json : undefined);
      if (status === 404 && "nearest" in problem) {
        const { nearest } = problem;
        return { kind: "none", nearest: nearest === null ? undefined : listenerFromJson(nearest) };
      }
      if (status === 409 && "listeners" in problem) {
        return { kind: "several", listeners: listIn(problem, "listeners").map(listenerFromJson) };
      }
      throw this.#refused(status, problem);
    });
  }

  /** Has the proxy put its config's file into effect again. @throws {AdminClientError} */
  async reload(): Promise<ReloadAnswer> {
    return this.#reloadAnswer(await this.#ask("POST", "api/reload", { timeoutMs: RELOAD_TIMEOUT_MS }));
  }

  /**
   * What a reload would do: to the config given, as `effectiveConfig` makes it, or to that of the proxy's file.
   *
   * @throws {AdminClientError}
   */
  async plan(config?: Record<string, unknown>): Promise<ReloadAnswer> {
    const query = new URLSearchParams({ plan: "true" });
    const body = config === undefined ? undefined : JSON.stringify(config);
    return this.#reloadAnswer(
      await this.#ask("POST", "api/reload", { query, body, timeoutMs: RELOAD_TIMEOUT_MS }),
    );
  }

  #reloadAnswer({ status, isProblem, json }: Answer): ReloadAnswer {
    return this.#understood((): ReloadAnswer => {
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
      throw this.#refused(status, problem);
    });
  }

  #get(path: string, query: URLSearchParams): Promise<Answer> {
    return this.#ask("GET", path, { query });
  }

  async #ask(method: "GET" | "POST", path: string, asked: Asked): Promise<Answer> {
    const { url, token } = this.#options;
    const timeoutMs = this.#options.timeoutMs ?? asked.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const target = new URL(path, url.href.endsWith("/") ? url : `${url}/`);
    target.search = asked.query?.toString() ?? "";
    using client = directClient(target);
    try {
      const response = await fetch(target, {
        method,
        ...(asked.body === undefined ? {} : { body: asked.body }),
        headers: {
          accept: "application/json",
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        // The token is for this server and no other.
        redirect: "manual",
        signal: AbortSignal.timeout(timeoutMs),
        ...(client === undefined ? {} : { client }),
      });
      const text = await this.#read(response);
      const isProblem = response.headers.get("content-type")?.startsWith(PROBLEM_TYPE) ?? false;
      if (response.status === 401) throw this.#unauthorized();
      return { status: response.status, isProblem, json: this.#understood(() => JSON.parse(text)) };
    } catch (error) {
      throw error instanceof AdminClientError ? error : this.#unreachable(error, timeoutMs);
    }
  }

  /** The body, of at most 8 MiB. */
  async #read(response: Response): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    let length = 0;
    for await (const chunk of response.body ?? []) {
      length += chunk.length;
      if (length > MAX_BYTES) {
        throw this.#failure(`the answer has more than ${MAX_BYTES} bytes, fewer were wanted`);
      }
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  }

  #understood<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof AdminClientError) throw error;
      throw this.#failure(
        "the answer is not that of a tcpproxy, the address of its admin API was wanted",
        error,
      );
    }
  }

  #refused(status: number, problem: JsonRecord): AdminClientError {
    const detail = typeof problem.detail === "string" ? printable(problem.detail) : "";
    return this.#failure(`the answer is ${status}${detail === "" ? "" : `: ${detail}`}`);
  }

  #unauthorized(): AdminClientError {
    const shown = this.#options.token === undefined ? "it wants a token" : "it does not know this token";
    return this.#failure(`${shown}, the one in its "admin.token_file" was wanted`);
  }

  #unreachable(error: unknown, timeoutMs: number): AdminClientError {
    if (error instanceof DOMException && error.name === "TimeoutError") {
      return this.#failure(
        `there is no answer within ${timeoutMs} ms, a tcpproxy with "admin" was wanted`,
        error,
      );
    }
    if (error instanceof Error && error.name === "NotCapable") {
      return this.#failure(
        `the runtime forbids it, --allow-net=${this.#options.url.host} was wanted`,
        error,
      );
    }
    const reason = reasonIn(error);
    return this.#failure(
      `nobody answers (${reason}), a tcpproxy with "admin" in its config was wanted`,
      error,
    );
  }

  #failure(message: string, cause?: unknown): AdminClientError {
    return new AdminClientError(`ask ${this.#options.url.origin}: ${message}`, { cause });
  }
}

/**
 * A client that goes to a loopback address itself: the runtime's own would hand the token to whoever `HTTP_PROXY` names.
 * `undefined` for every other address, which may be within reach of that proxy alone.
 */
function directClient({ protocol, hostname, port }: URL): Deno.HttpClient | undefined {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  if (protocol !== "http:" || !isLoopback(host)) return undefined;
  return Deno.createHttpClient({ proxy: { transport: "tcp", hostname: host, port: Number(port || 80) } });
}

/** The last part of what the runtime says, which is the system's: `Connection refused`. */
function reasonIn(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const message = errorMessage(cause);
  return printable(message.split(": ").at(-1)?.replace(/ \(os error \d+\)$/, "") ?? message);
}
