import { readExactly, writeAll } from "../clients.ts";
import type { TestProxy } from "./proxy.ts";
import { echo, TestTarget } from "../targets.ts";

/** Targets that say which one they are, one byte at the beginning of each connection, and then echo. */
export class Fleet implements AsyncDisposable {
  readonly targets: readonly TestTarget[];
  /** The most connections that all of them had at once. */
  mostAtOnce = 0;
  #atOnce = 0;

  constructor(count: number) {
    this.targets = Array.from({ length: count }, (_, index) =>
      new TestTarget(async (conn) => {
        this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#atOnce);
        try {
          await writeAll(conn, Uint8Array.of(index));
          await echo(conn);
        } finally {
          this.#atOnce--;
        }
      }));
  }

  /** As a config names them. */
  get addresses(): string[] {
    return this.targets.map(({ address }) => address);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const target of this.targets) await target[Symbol.asyncDispose]();
  }
}

/** Which of a fleet answers on a connection. */
export async function answeredBy(client: Deno.Conn): Promise<number> {
  return (await readExactly(client, 1))[0] ?? -1;
}

/** Connects so often, one after the other, each until it is answered and ended; gives who answered. */
export async function answersOf(proxy: TestProxy, count: number): Promise<number[]> {
  const answers: number[] = [];
  for (let left = count; left > 0; left--) {
    using client = await proxy.connect();
    answers.push(await answeredBy(client));
    await client.closeWrite();
    await proxy.outcome();
  }
  return answers;
}

/** Connects so often, and keeps the connections. */
export async function holdConnections(proxy: TestProxy, count: number): Promise<Held> {
  const held = new Held();
  for (let left = count; left > 0; left--) await held.add(proxy);
  return held;
}

/** Connections that a test keeps, and who answered them. */
export class Held implements Disposable {
  readonly clients: Deno.Conn[] = [];
  readonly answers: number[] = [];

  async add(proxy: TestProxy): Promise<void> {
    const client = await proxy.connect();
    this.clients.push(client);
    this.answers.push(await answeredBy(client));
  }

  [Symbol.dispose](): void {
    for (const client of this.clients) client.close();
  }
}
