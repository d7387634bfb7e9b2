import { ApiError } from "./api.js";
import { EventParser } from "./sse.js";

/**
 * @typedef {object} StreamListener
 * @property {(event: string, data: unknown) => void} event
 * @property {() => void} opened
 * @property {(reason: string | null) => void} lost called when the stream has ended and will be opened again; with the
 *   reason where the proxy refuses it
 * @property {() => void} refused called when a token is needed, or the one given is wrong; {@link EventStream.open} goes on
 */

/** Without any event for so long, the proxy counts as gone; a snapshot comes every second. */
const SILENCE_MS = 15_000;

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 5000;

/** How long a hidden page stays connected. */
const HIDDEN_MS = 30_000;

/**
 * The proxy's events, for as long as the page is open. Read by `fetch`, since an `EventSource` can send no token.
 */
export class EventStream {
  #api;
  #listener;
  #retryMs = FIRST_RETRY_MS;
  /** @type {AbortController | undefined} */
  #current;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #hidden;

  /**
   * @param {import("./api.js").Api} api
   * @param {StreamListener} listener
   */
  constructor(api, listener) {
    this.#api = api;
    this.#listener = listener;
    document.addEventListener("visibilitychange", () => {
      clearTimeout(this.#hidden);
      // A browser opens six connections to a host; a hidden tab must not hold one.
      if (document.hidden) this.#hidden = setTimeout(() => this.#current?.abort(), HIDDEN_MS);
      else if (this.#current?.signal.aborted) void this.open();
    });
  }

  /** Opens the stream, in place of the one that is open. Never rejects. */
  async open() {
    this.#current?.abort();
    const current = this.#current = new AbortController();
    const { signal } = current;
    while (!signal.aborted) {
      /** @type {string | null} */
      let reason = null;
      try {
        await this.#read(current);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof ApiError && error.status === 401) return this.#listener.refused();
        if (error instanceof ApiError) reason = error.message;
      }
      if (signal.aborted) return;
      this.#listener.lost(reason);
      await new Promise((resolve) => setTimeout(resolve, this.#retryMs));
      this.#retryMs = Math.min(LAST_RETRY_MS, this.#retryMs * 2);
    }
  }

  /** @param {AbortController} current */
  async #read({ signal }) {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), SILENCE_MS);
    try {
      const { body } = await this.#api.fetch("events", { signal: AbortSignal.any([signal, silence.signal]) });
      if (body === null) return;
      this.#listener.opened();
      this.#retryMs = FIRST_RETRY_MS;
      const reader = body.pipeThrough(new TextDecoderStream()).getReader();
      const parser = new EventParser();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MS);
        for (const { event, data } of parser.push(part.value)) {
          if (!signal.aborted) this.#listener.event(event, JSON.parse(data));
        }
      }
    } finally {
      clearTimeout(timer);
    }
  }
}
