import { errorMessage, isLoopback } from "../../base/mod.ts";
import { type JsonRecord, printable, recordOf } from "../json/fields.ts";
import { PROBLEM_TYPE } from "../responses.ts";

export interface AdminClientOptions {
  /** The API's URL, such as `http://127.0.0.1:9900`. */
  readonly url: URL;
  /** The token to send; `undefined` for none. */
  readonly token: string | undefined;
  /** The time limit per request, from connecting to the last byte; default 5 s. */
  readonly timeoutMs?: number;
}

/** A failed request to a proxy; the message says why. */
export class AdminClientError extends Error {
  override readonly name = "AdminClientError";
}

const DEFAULT_TIMEOUT_MS = 5000;

/** The largest response: the status of some 20,000 targets. */
const MAX_BYTES = 8 * 1024 * 1024;

/** The methods of the API's operations. */
export type RequestMethod = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** The parts of a request. */
export interface Asked {
  readonly query?: URLSearchParams;
  readonly body?: string | undefined;
  readonly timeoutMs?: number;
}

/** A decoded response. */
export interface Answer {
  readonly status: number;
  readonly isProblem: boolean;
  readonly json: unknown;
}

/** Requests to an admin API, each within a time limit, and what their failures mean to an operator. */
export class AdminRequests {
  readonly #options: AdminClientOptions;

  constructor(options: AdminClientOptions) {
    this.#options = options;
  }

  /**
   * Sends a request and decodes the response, whatever its status.
   *
   * @param path relative to the API's URL.
   * @throws {AdminClientError}
   */
  async ask(method: RequestMethod, path: string, asked: Asked): Promise<Answer> {
    const timeoutMs = this.#options.timeoutMs ?? asked.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const target = this.#target(path, asked.query);
    using client = directClient(target);
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      return await this.#answer(await this.#fetch(method, target, { client, signal, body: asked.body }));
    } catch (error) {
      throw error instanceof AdminClientError ? error : this.#unreachable(error, timeoutMs);
    }
  }

  /**
   * Opens a long response, such as a capture, and yields its body as it arrives. Sends nothing before the first piece
   * is requested.
   *
   * @param path relative to the API's URL.
   * @throws {AdminClientError} when there is no answer, or it is an error; the signal's reason once aborted.
   */
  async *stream(
    path: string,
    { query, signal }: { readonly query?: URLSearchParams; readonly signal: AbortSignal },
  ): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    const timeoutMs = this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const target = this.#target(path, query);
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new DOMException("late", "TimeoutError")), timeoutMs);
    using client = directClient(target);
    let hasBegun = false;
    try {
      const response = await this.#fetch("GET", target, {
        client,
        signal: AbortSignal.any([late.signal, signal]),
      });
      clearTimeout(timer);
      if (response.status !== 200) {
        const { status, isProblem, json } = await this.#answer(response);
        throw this.understood(() => this.refused(status, recordOf(isProblem ? json : undefined)));
      }
      hasBegun = true;
      yield* response.body ?? [];
    } catch (error) {
      signal.throwIfAborted();
      if (hasBegun) throw this.#failure(`connection lost (${reasonIn(error)})`, error);
      throw error instanceof AdminClientError ? error : this.#unreachable(error, timeoutMs);
    } finally {
      clearTimeout(timer);
      late.abort();
    }
  }

  #target(path: string, query: URLSearchParams | undefined): URL {
    const { url } = this.#options;
    const target = new URL(path, url.href.endsWith("/") ? url : `${url}/`);
    target.search = query?.toString() ?? "";
    return target;
  }

  async #fetch(
    method: RequestMethod,
    target: URL,
    { client, signal, body }: {
      readonly client: Deno.HttpClient | undefined;
      readonly signal: AbortSignal;
      readonly body?: string | undefined;
    },
  ): Promise<Response> {
    const { token } = this.#options;
    return await fetch(target, {
      method,
      ...(body === undefined ? {} : { body }),
      headers: {
        accept: "application/json",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      // The token is for this server only.
      redirect: "manual",
      signal,
      ...(client === undefined ? {} : { client }),
    });
  }

  async #answer(response: Response): Promise<Answer> {
    const text = await this.#read(response);
    const isProblem = response.headers.get("content-type")?.startsWith(PROBLEM_TYPE) ?? false;
    if (response.status === 401) throw this.#unauthorized();
    return { status: response.status, isProblem, json: this.understood(() => JSON.parse(text)) };
  }

  /** Reads the body, up to 8 MiB. */
  async #read(response: Response): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    let length = 0;
    for await (const chunk of response.body ?? []) {
      length += chunk.length;
      if (length > MAX_BYTES) {
        throw this.#failure(`the response is larger than ${MAX_BYTES} bytes`);
      }
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  }

  /** Returns what `read` makes of a response; what it cannot read is not from a tcpproxy. */
  understood<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof AdminClientError) throw error;
      throw this.#failure(
        "the response is not from a tcpproxy; give the address of its admin API",
        error,
      );
    }
  }

  /** The error for a response that is one; its detail is in the problem. */
  refused(status: number, problem: JsonRecord): AdminClientError {
    const detail = typeof problem.detail === "string" ? printable(problem.detail) : "";
    return this.#failure(`status ${status}${detail === "" ? "" : `: ${detail}`}`);
  }

  #unauthorized(): AdminClientError {
    const shown = this.#options.token === undefined ? "no token sent" : "wrong token";
    return this.#failure(`${shown}; use the one in its "admin.token_file": --token-file FILE`);
  }

  #unreachable(error: unknown, timeoutMs: number): AdminClientError {
    if (error instanceof DOMException && error.name === "TimeoutError") {
      return this.#failure(
        `no response within ${timeoutMs} ms; is a tcpproxy with "admin" running there?`,
        error,
      );
    }
    if (error instanceof Error && error.name === "NotCapable") {
      return this.#failure(
        `network permission denied; add --allow-net=${this.#options.url.host}`,
        error,
      );
    }
    const reason = reasonIn(error);
    return this.#failure(
      `cannot connect (${reason}); is a tcpproxy with "admin" running there?`,
      error,
    );
  }

  #failure(message: string, cause?: unknown): AdminClientError {
    return new AdminClientError(`ask ${this.#options.url.origin}: ${message}`, { cause });
  }
}

/**
 * Returns a client that connects to loopback addresses directly: the default one would send the token through
 * `HTTP_PROXY`. `undefined` for other addresses, which may be reachable only through that proxy.
 */
function directClient({ protocol, hostname, port }: URL): Deno.HttpClient | undefined {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  if (protocol !== "http:" || !isLoopback(host)) return undefined;
  return Deno.createHttpClient({ proxy: { transport: "tcp", hostname: host, port: Number(port || 80) } });
}

/** Returns the system's part of the runtime's message, such as `Connection refused`. */
function reasonIn(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const message = errorMessage(cause);
  return printable(message.split(": ").at(-1) ?? message);
}
