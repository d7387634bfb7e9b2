import { type Repeat, runtimeRepeat } from "../../metrics/mod.ts";
import type { Proxy } from "../../proxy/mod.ts";
import type { FromWorker } from "../channel/messages.ts";

/** A worker that dies loses what it has counted for at most this long. */
const EVERY_MS = 5000;

/**
 * Sends what a worker has counted: when it is asked, at its end, and every few seconds in which it had a connection,
 * so that little is lost if it dies.
 */
export class CountersSender {
  readonly #post: (message: FromWorker) => void;
  #proxy: Pick<Proxy, "counters" | "activeSessions"> | undefined;
  readonly #repeat: Repeat;
  #stop: () => void = () => {};
  #hasNews = false;

  /** @param repeat default the runtime's timers. */
  constructor(post: (message: FromWorker) => void, repeat: Repeat = runtimeRepeat) {
    this.#post = post;
    this.#repeat = repeat;
  }

  begin(proxy: Pick<Proxy, "counters" | "activeSessions">): void {
    this.#proxy = proxy;
    this.#stop = this.#repeat(() => this.#sendNews(), EVERY_MS);
  }

  /** A connection has begun. */
  note(): void {
    this.#hasNews = true;
  }

  send(): void {
    if (this.#proxy === undefined) return;
    this.#hasNews = this.#proxy.activeSessions() > 0;
    this.#post({ kind: "counters", counters: this.#proxy.counters() });
  }

  /** Sends the last of it. */
  end(): void {
    this.#stop();
    this.send();
  }

  #sendNews(): void {
    if (this.#hasNews) this.send();
  }
}
