import { HttpConnections, RequestError } from "../../../lib/admin/http/mod.ts";
import { concat, latin1, utf8 } from "../../helpers/bytes.ts";
import { connectTo, readAll, writeAll } from "../../helpers/clients.ts";
import { withAdmin } from "../../helpers/proxy/admin.ts";
import { Draw, seedFor } from "../engine/draw.ts";
import { type Checker, type FuzzTarget, hex, holds, same } from "../engine/fuzz_target.ts";
import { inPieces } from "../engine/pieces.ts";
import { HTTP_WORDS, httpRequests } from "../grammar/http_requests.ts";
import { readResponses } from "../models/http_responses.ts";
import { readRequests } from "../models/http_reader.ts";

export const ADMIN_SOCKET: FuzzTarget = {
  name: "admin_socket",
  what: "bytes to the admin API's server over sockets: smuggling, pipelining, chunks",
  longRun: 50_000,
  testRun: 150,
  dictionary: HTTP_WORDS,
  make: httpRequests,
  begin: () => Promise.resolve(new AdminChecker()),
};

/** Two servers: one that shows the requests that its handler gets, and the whole admin API. */
class AdminChecker implements Checker {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #defects: unknown[] = [];
  readonly #seen: string[] = [];
  readonly #connections: HttpConnections;
  readonly #api = Promise.withResolvers<number>();
  readonly #over = Promise.withResolvers<void>();
  readonly #admin: Promise<void>;
  readonly #accepting: Promise<void>;
  #checked = 0;

  constructor() {
    this.#connections = new HttpConnections({
      handle: async (request) => {
        try {
          const body = new Uint8Array(await request.arrayBuffer());
          this.#seen.push(`${request.method} ${hex(body)}`);
          return new Response("seen");
        } catch (error) {
          if (!(error instanceof RequestError)) throw error;
          return new Response(error.message, { status: error.status });
        }
      },
      ended: () => {},
      defect: (error) => this.#defects.push(error),
    });
    this.#accepting = this.#accept();
    this.#admin = withAdmin({}, async (admin) => {
      this.#api.resolve(admin.port);
      await this.#over.promise;
      if (admin.log.defects.length > 0) throw admin.log.defects[0];
    });
  }

  async check(input: Uint8Array): Promise<void> {
    const pieces = inPieces(input, new Draw(seedFor(input)));
    this.#seen.length = 0;
    const { port } = this.#listener.addr as Deno.NetAddr;
    const answer = latin1(await answerTo(port, pieces));
    const { requests, isRefused } = readRequests(input);
    same(
      this.#seen,
      requests.map((each) => each.replace(/^(\S+) \S+ /, "$1 ")),
      "the server sees the requests that a strict reader sees",
    );
    const statuses = readResponses(answer, requests.map((each) => each.startsWith("HEAD ")));
    same(
      statuses.map((status) => Math.min(status, 400)),
      [...requests.map(() => 200), ...isRefused ? [400] : []],
      "one response for each",
    );
    await this.#checkApi(input, pieces);
    if (this.#defects.length > 0) throw this.#defects[0];
  }

  /** The API itself: whatever it says, it says it in responses, and goes on. */
  async #checkApi(input: Uint8Array, pieces: readonly Uint8Array[]): Promise<void> {
    // An endless response ends with its client.
    if (/events|capture/.test(latin1(input))) return;
    const port = await this.#api.promise;
    const answer = latin1(await answerTo(port, pieces));
    const { requests } = readRequests(input);
    const statuses = readResponses(answer, requests.map((each) => each.startsWith("HEAD ")));
    holds(statuses.every((status) => status !== 500), () => `it has a defect: ${answer}`);
    if (++this.#checked % 100 !== 0) return;
    const good = latin1(await answerTo(port, [utf8("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")]));
    holds(good.startsWith("HTTP/1.1 200 "), () => `afterwards it says ${JSON.stringify(good.slice(0, 99))}`);
  }

  async end(): Promise<void> {
    this.#listener.close();
    this.#over.resolve();
    await this.#connections.closeAll();
    await Promise.all([this.#admin, this.#accepting]);
  }

  async #accept(): Promise<void> {
    for (;;) {
      try {
        const conn = await this.#listener.accept();
        this.#connections.add(conn);
      } catch (error) {
        if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) return;
        throw error;
      }
    }
  }
}

/** Sends pieces, each in a segment of its own where the system has it so, then FIN; returns the whole answer. */
async function answerTo(port: number, pieces: readonly Uint8Array[]): Promise<Uint8Array> {
  using conn = await connectTo(port);
  conn.setNoDelay();
  const reading = readAll(conn);
  try {
    for (const piece of pieces) await writeAll(conn, piece);
    await conn.closeWrite();
  } catch (error) {
    // The server has answered and gone.
    if (!(error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset)) {
      throw error;
    }
  }
  return concat(await reading);
}
