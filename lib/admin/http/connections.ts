import type { Address, Duplex } from "../../base/mod.ts";
import { HttpConnection, type HttpConnectionOptions } from "./connection.ts";
import { HTTP_LIMITS, type HttpLimits } from "./limits.ts";

export interface HttpConnectionsOptions extends Pick<HttpConnectionOptions, "handle" | "ended" | "defect"> {
  /** Default: {@link HTTP_LIMITS}. */
  readonly limits?: Partial<HttpLimits> | undefined;
}

/** The connections of a server. When there are too many, the one that has waited longest for a request makes room. */
export class HttpConnections {
  readonly #options: HttpConnectionOptions;
  readonly #open = new Set<HttpConnection>();
  /** Those that wait for a request, the longest first. */
  readonly #waiting = new Set<HttpConnection>();

  constructor({ limits, handle, ended, defect }: HttpConnectionsOptions) {
    this.#options = {
      limits: { ...HTTP_LIMITS, ...limits },
      handle,
      ended,
      defect,
      waiting: (connection, isWaiting) => {
        if (isWaiting) this.#waiting.add(connection);
        else this.#waiting.delete(connection);
      },
    };
  }

  /** Serves a connection, which belongs to this from now on; closes it if there are too many and none waits. */
  add(conn: Duplex & { readonly peer?: Address }): void {
    if (this.#open.size >= this.#options.limits.maxConnections) {
      const [longest] = this.#waiting;
      if (longest === undefined) return conn.close();
      this.#waiting.delete(longest);
      this.#open.delete(longest);
      longest.close();
    }
    const connection = new HttpConnection(conn, this.#options);
    this.#open.add(connection);
    void connection.done.then(() => this.#open.delete(connection));
  }

  /** Closes every connection, and resolves when nothing of them is left. */
  async closeAll(): Promise<void> {
    const open = [...this.#open];
    for (const connection of open) connection.close();
    await Promise.all(open.map(({ done }) => done));
  }
}
