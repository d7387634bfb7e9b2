/** A rejected request; the message is the API's. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} detail
   * @param {Record<string, unknown>} [problem] the whole body
   */
  constructor(status, detail, problem = {}) {
    super(detail);
    this.status = status;
    this.problem = problem;
  }
}

const TOKEN_KEY = "tcpproxy.token";

/** How long a request may take; a reload reads files and starts workers. */
const LIMIT_MS = 90_000;

/** Asks the proxy that has served this page. */
export class Api {
  #base = new URL("api/", document.baseURI);

  get token() {
    return sessionStorage.getItem(TOKEN_KEY);
  }

  /** @param {string | null} token */
  set token(token) {
    if (token === null) sessionStorage.removeItem(TOKEN_KEY);
    else sessionStorage.setItem(TOKEN_KEY, token);
  }

  /**
   * @template T
   * @param {string} path below `api/`, its parts encoded
   * @param {{ method?: string, body?: unknown, signal?: AbortSignal }} [options]
   * @returns {Promise<T>}
   * @throws {ApiError} when the proxy refuses; a `TypeError` when it cannot be reached
   */
  async ask(path, { method = "GET", body, signal } = {}) {
    const limit = AbortSignal.timeout(LIMIT_MS);
    const response = await this.fetch(path, {
      method,
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return await response.json();
  }

  /**
   * @param {string} path
   * @param {RequestInit} [init]
   * @throws {ApiError} when the proxy refuses
   */
  async fetch(path, init = {}) {
    const { token } = this;
    const response = await fetch(new URL(path, this.#base), {
      ...init,
      cache: "no-store",
      redirect: "error",
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(init.body === undefined ? {} : { "content-type": "application/json" }),
      },
    });
    if (response.ok) return response;
    throw await refusalOf(response);
  }
}

/** @param {Response} response */
async function refusalOf(response) {
  try {
    const problem = await response.json();
    return new ApiError(response.status, String(problem.detail), problem);
  } catch {
    return new ApiError(response.status, `the proxy answered with status ${response.status}`);
  }
}

/**
 * Says what went wrong in a request.
 *
 * @param {unknown} error
 */
export function reasonOf(error) {
  if (error instanceof ApiError) return error.message;
  return `The proxy cannot be reached: ${error instanceof Error ? error.message : String(error)}`;
}
