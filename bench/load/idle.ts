import { exchange } from "./http.ts";

/** Connections that are opened at the same time; more could overflow a peer's backlog. */
const OPENING_AT_ONCE = 64;

/** Connections that each carried one request and its reply, and are silent since. */
export class IdleConnections implements Disposable {
  readonly #port: number;
  readonly #conns: Deno.Conn[] = [];

  /** @param port on 127.0.0.1, leading to the HTTP backend. */
  constructor(port: number) {
    this.#port = port;
  }

  /**
   * Opens more, until there are so many.
   *
   * @throws {Error} when one cannot be opened or gets no reply.
   */
  async growTo(count: number): Promise<void> {
    while (this.#conns.length < count) {
      const batch = Math.min(OPENING_AT_ONCE, count - this.#conns.length);
      await Promise.all(Array.from({ length: batch }, () => this.#open()));
    }
  }

  [Symbol.dispose](): void {
    for (const conn of this.#conns.splice(0)) conn.close();
  }

  async #open(): Promise<void> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
    this.#conns.push(conn);
    await exchange(conn);
  }
}
