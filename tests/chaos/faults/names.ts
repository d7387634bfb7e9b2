/** The DNS. */
import { type Fault, pause } from "../fault.ts";

type Mood = "right" | "silent" | "wrong" | "garbage" | "missing" | "slow";

const SLOW_MS = 1500;
const TTL_S = 1;

/** A server for one name, `echo.test`, that answers as it is set to. */
class MoodyDns implements AsyncDisposable {
  readonly address: string;
  mood: Mood = "right";
  readonly #socket: Deno.DatagramConn;
  readonly #serving: Promise<void>;
  readonly #late = new Set<Promise<void>>();

  constructor() {
    this.#socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    this.address = `127.0.0.1:${(this.#socket.addr as Deno.NetAddr).port}`;
    this.#serving = this.#serve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#late);
    this.#socket.close();
    await this.#serving;
  }

  async #serve(): Promise<void> {
    for await (const [query, from] of this.#socket) {
      const answer = this.#answer(query);
      if (answer === undefined) continue;
      if (this.mood !== "slow") {
        await this.#socket.send(answer, from);
        continue;
      }
      const late: Promise<void> = pause(SLOW_MS).then(() => this.#socket.send(answer, from)).then(() => {
        this.#late.delete(late);
      });
      this.#late.add(late);
    }
  }

  /** RFC 1035 section 4.1. */
  #answer(query: Uint8Array): Uint8Array | undefined {
    const { mood } = this;
    if (mood === "silent") return undefined;
    if (mood === "garbage") return query.slice(0, 2 + query.length % 7);
    let end = 12;
    while ((query[end] ?? 0) !== 0) end += (query[end] ?? 0) + 1;
    end += 5;
    const isA = query[end - 3] === 1;
    const count = mood === "missing" || !isA ? 0 : 1;
    const code = mood === "missing" ? 0x83 : 0x80;
    const head = [query[0] ?? 0, query[1] ?? 0, 0x85, code, 0, 1, 0, count, 0, 0, 0, 0];
    const address = [127, 0, 0, mood === "wrong" ? 99 : 1];
    const record = count === 0 ? [] : [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, TTL_S, 0, 4, ...address];
    return Uint8Array.from([...head, ...query.subarray(12, end), ...record]);
  }
}

interface DnsFault {
  readonly name: string;
  readonly title: string;
  readonly promise: string;
  readonly moods: readonly Mood[];
  readonly recoverMs: number;
  readonly mayFail: number;
}

function dnsFault({ name, title, promise, moods, recoverMs, mayFail }: DnsFault): Fault {
  /** By the folder of the round: rounds may run side by side. */
  const servers = new Map<string, MoodyDns>();
  return {
    name,
    title,
    promise,
    recoverMs,
    mayFail,
    subjects: ["runtime", "native"],
    prepare: (_plan, { targets, folder, onEnd }) => {
      const server = new MoodyDns();
      servers.set(folder.path, server);
      onEnd(() => server[Symbol.asyncDispose]());
      return Promise.resolve({
        app: {
          targets: [{ address: `echo.test:${targets.port(0)}`, discover: "dns" }],
          dns: { nameserver: server.address, interval: "200ms" },
        },
      });
    },
    run: async ({ folder, holdMs }) => {
      const server = servers.get(folder.path);
      if (server === undefined) throw new Error("no DNS server was prepared");
      for (const mood of moods) {
        server.mood = mood;
        await pause(holdMs / moods.length);
      }
      server.mood = "right";
    },
  };
}

export const dnsGone: Fault = dnsFault({
  name: "dns-gone",
  title: "the DNS server does not answer",
  promise: "the last good answer stays in use",
  moods: ["silent"],
  recoverMs: 1000,
  mayFail: 0,
});

export const dnsWrong: Fault = dnsFault({
  name: "dns-wrong",
  title: "the DNS server sends garbage, then says that there is no such name",
  promise: "the last good answer stays in use",
  moods: ["garbage", "missing"],
  recoverMs: 1000,
  mayFail: 0,
});

export const dnsElsewhere: Fault = dnsFault({
  name: "dns-elsewhere",
  title: "the DNS gives an address where nothing listens",
  promise: "traffic again once the answer is right (within `dns.interval`, here 200 ms)",
  moods: ["wrong"],
  recoverMs: 2000,
  mayFail: 1,
});

export const dnsSlow: Fault = dnsFault({
  name: "dns-slow",
  title: `the DNS server takes ${SLOW_MS} ms`,
  promise: "no connection waits for it",
  moods: ["slow"],
  recoverMs: 1000,
  mayFail: 0,
});
