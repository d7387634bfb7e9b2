import { connectTo, exchange, randomBytes } from "../helpers/clients.ts";
import { buildProxyV2 } from "../helpers/protocol/proxy_v2.ts";
import { connectTls } from "../helpers/tls/tls_client.ts";
import { Buffer } from "node:buffer";

/** How clients speak. */
export interface Speech {
  /** Sends a PROXY v2 header first. */
  readonly proxyHeader?: boolean;
  /** PEM of the CA, for clients that speak TLS. */
  readonly ca?: string;
}

export interface Door extends Speech {
  readonly host: string;
  readonly port: number;
  /** The longest that a client waits for all of its reply. */
  readonly patienceMs: number;
}

let seeds = 0;

/** Connects, sends some bytes, and takes back the same; returns whether that went well in time. */
export async function isServed(door: Door, bytes = 2000): Promise<boolean> {
  const request = randomBytes(bytes, ++seeds);
  let conn: Deno.Conn | undefined;
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    conn?.[Symbol.dispose]();
  }, door.patienceMs);
  try {
    conn = await open(door, AbortSignal.timeout(door.patienceMs));
    if (isLate) return false;
    const reply = door.ca === undefined ? await exchange(conn, request) : await echoed(conn, request);
    return Buffer.compare(reply, request) === 0;
  } catch {
    // Whatever it was: it is not served.
    return false;
  } finally {
    clearTimeout(timer);
    conn?.[Symbol.dispose]();
  }
}

/** Connects as {@link Speech} says. */
export async function open({ host, port, proxyHeader, ca }: Door, signal?: AbortSignal): Promise<Deno.Conn> {
  if (ca !== undefined) return (await connectTls(port, { ca })).conn;
  const options: Deno.ConnectOptions & { signal?: AbortSignal } = { hostname: host, port };
  const conn = signal === undefined
    ? await connectTo(port, host)
    : await Deno.connect({ ...options, signal });
  if (proxyHeader) await conn.write(buildProxyV2());
  return conn;
}

/** As `exchange`, for TLS, where this end cannot finish writing and go on reading. */
async function echoed(conn: Deno.Conn, request: Uint8Array): Promise<Uint8Array> {
  const reply = new Uint8Array(request.length);
  await conn.write(request);
  for (let have = 0; have < reply.length;) {
    const count = await conn.read(reply.subarray(have));
    if (count === null) return reply.subarray(0, have);
    have += count;
  }
  return reply;
}

/** So many exchanges, some at a time; returns how many went well. */
export async function serveMany(door: Door, total: number, atOnce: number): Promise<number> {
  let served = 0;
  let begun = 0;
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (begun++ < total) if (await isServed(door)) served++;
  }));
  return served;
}

/** A client that comes again and again while a fault lasts. */
export class SteadyClient {
  served = 0;
  asked = 0;
  #isOver = false;
  readonly #done: Promise<void>;

  constructor(door: Door, everyMs: number) {
    this.#done = this.#run(door, everyMs);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#done;
  }

  async #run(door: Door, everyMs: number): Promise<void> {
    const pending = new Set<Promise<void>>();
    while (!this.#isOver) {
      this.asked++;
      const asking = isServed(door).then((isGood) => {
        if (isGood) this.served++;
      }).finally(() => pending.delete(asking));
      pending.add(asking);
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
    await Promise.all(pending);
  }
}
