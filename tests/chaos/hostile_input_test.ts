import { assertEquals, assertStrictEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { utf8 } from "../helpers/bytes.ts";
import {
  connectTo,
  exchange,
  randomBytes,
  readToEnd,
  resettingClient,
  writeAll,
} from "../helpers/clients.ts";
import { seededRandom } from "../helpers/fakes/seeded_random.ts";
import { echo, refusingAddress, resettingTarget, type Serve, TestTarget } from "../helpers/targets.ts";

/** A proxy in a process of its own, so that what would end the process is seen. */
class Child implements AsyncDisposable {
  readonly port: number;
  readonly #process: Deno.ChildProcess;
  readonly #stderr: Promise<string>;
  #ended: { code: number; stderr: string } | undefined;

  static async start(...targets: string[]): Promise<Child> {
    const process = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-check",
        "--quiet",
        "--allow-net",
        fileURLToPath(new URL("./proxy_child.ts", import.meta.url)),
        ...targets,
      ],
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const stderr = new Response(process.stderr).text();
    const reader = process.stdout.getReader();
    const { value } = await reader.read();
    await reader.cancel();
    const port = Number(new TextDecoder().decode(value));
    if (!(port > 0)) throw new Error(`start the proxy: it wrote no port, and "${await stderr}"`);
    return new Child(process, port, stderr);
  }

  private constructor(process: Deno.ChildProcess, port: number, stderr: Promise<string>) {
    this.#process = process;
    this.port = port;
    this.#stderr = stderr;
  }

  /** Sends SIGTERM and gives what is left of the process. */
  async end(): Promise<{ code: number; stderr: string }> {
    if (this.#ended === undefined) {
      this.#process.kill("SIGTERM");
      const [{ code }, stderr] = await Promise.all([this.#process.status, this.#stderr]);
      this.#ended = { code, stderr };
    }
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}

/** What a bad client does with one connection. */
type BadClient = (port: number, seed: number) => Promise<void>;

const CLIENTS: readonly BadClient[] = [
  async (port, seed): Promise<void> => {
    using client = await connectTo(port);
    await client.write(randomBytes(1 + seed * 997 % 20_000, seed));
  },
  async (port): Promise<void> => {
    using _client = await connectTo(port);
  },
  async (port, seed): Promise<void> => {
    using client = await connectTo(port);
    // A flood that nobody need take: it ends with the connection, or with its last byte.
    for (let piece = 0; piece < 16; piece++) await writeAll(client, randomBytes(65_536, seed));
  },
  async (port): Promise<void> => {
    using client = await connectTo(port);
    await client.closeWrite();
    await readToEnd(client);
  },
  async (port): Promise<void> => {
    await (await resettingClient(port)).reset();
  },
  async (port, seed): Promise<void> => {
    const client = await resettingClient(port);
    await client.write(randomBytes(1 + seed * 131 % 60_000, seed));
    await client.reset();
  },
  async (port): Promise<void> => {
    const client = await resettingClient(port);
    await client.write(utf8("x"));
    await client.finish();
    await client.reset();
  },
];

/** A target with moods of its own. */
function moody(): Serve {
  const random = seededRandom(7);
  return async (conn, ended) => {
    const mood = random();
    if (mood < 0.2) return;
    if (mood < 0.4) return await conn.closeWrite();
    if (mood < 0.5) await conn.write(randomBytes(50_000));
    await Promise.race([echo(conn), ended]);
  };
}

Deno.test({
  name: "Proxy: no input of clients or targets ends the process",
  // SIGTERM asks the child to end.
  ignore: Deno.build.os === "windows",
  fn: async (): Promise<void> => {
    await using good = new TestTarget(moody());
    await using bad = await resettingTarget((socket, reset) => {
      socket.once("data", reset);
    });
    await using child = await Child.start(good.address, bad.address, refusingAddress());
    for (let round = 0; round < 20; round++) {
      await Promise.allSettled(
        Array.from(
          { length: 30 },
          (_, index) => CLIENTS[(index + round) % CLIENTS.length]?.(child.port, round * 30 + index),
        ),
      );
    }
    const { code, stderr } = await child.end();
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
  },
});

Deno.test({
  name: "Proxy: after hostile clients it serves good ones as before",
  ignore: Deno.build.os === "windows",
  fn: async (): Promise<void> => {
    await using target = new TestTarget(echo);
    await using child = await Child.start(target.address);
    await Promise.allSettled(
      Array.from({ length: 300 }, (_, seed) => CLIENTS[seed % CLIENTS.length]?.(child.port, seed)),
    );
    for (let count = 0; count < 20; count++) {
      using client = await connectTo(child.port);
      assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
    }
    const { code, stderr } = await child.end();
    assertStrictEquals(stderr, "");
    assertStrictEquals(code, 0);
  },
});
