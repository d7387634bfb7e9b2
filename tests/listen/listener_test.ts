import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import type { Connection } from "../../lib/net/mod.ts";
import { Listener, type ListenerOptions, ListenError } from "../../lib/listen/mod.ts";
import { connectTo, readAll, resettingClient } from "../helpers/clients.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const LOCAL = { kind: "tcp", host: "127.0.0.1", port: 0 } as const;

/** What a listener hands on, kept. */
class Hand implements ListenerOptions, Disposable {
  readonly conns: Connection[] = [];
  readonly places: (Disposable | undefined)[] = [];
  readonly pauses: unknown[] = [];
  resumes = 0;
  readonly observer = {
    acceptPaused: (_address: unknown, error: unknown): void => void this.pauses.push(error),
    acceptResumed: (): void => void this.resumes++,
  };
  readonly gate: ListenerOptions["gate"];
  #wake: () => void = () => {};

  constructor(gate?: ListenerOptions["gate"]) {
    this.gate = gate;
  }

  readonly onConnection = (conn: Connection, _address: unknown, place: Disposable | undefined): void => {
    this.conns.push(conn);
    this.places.push(place);
    this.#wake();
  };

  async holds(count: number): Promise<void> {
    while (this.conns.length < count) await new Promise<void>((resolve) => this.#wake = resolve);
  }

  [Symbol.dispose](): void {
    for (const conn of this.conns) conn.close();
  }
}

function portOf(listener: Listener): number {
  return listener.address.kind === "tcp" ? listener.address.port : 0;
}

Deno.test("Listener: hands on each connection, and reports the port that the system chose", async () => {
  using hand = new Hand();
  const listener = Listener.open(LOCAL, hand);
  listener.start();
  using _first = await connectTo(portOf(listener));
  using _second = await connectTo(portOf(listener));
  await hand.holds(2);
  assert(portOf(listener) > 0, "the port is not said");
  await listener.close();
});

Deno.test("Listener.hasFailed: only where the loop has ended by an internal error", async () => {
  using hand = new Hand();
  const well = Listener.open(LOCAL, hand);
  assertStrictEquals(well.hasFailed, false);
  well.start();
  assertStrictEquals(well.hasFailed, false);
  await well.close();
  assertStrictEquals(well.hasFailed, false);

  const conns: Connection[] = [];
  const failed = Listener.open(LOCAL, {
    observer: hand.observer,
    onConnection: (conn) => {
      conns.push(conn);
      throw new Error("internal");
    },
  });
  const reported = Promise.withResolvers<void>();
  const onRejection = (event: PromiseRejectionEvent): void => {
    event.preventDefault();
    reported.resolve();
  };
  globalThis.addEventListener("unhandledrejection", onRejection);
  failed.start();
  using _client = await connectTo(portOf(failed));
  await reported.promise;
  globalThis.removeEventListener("unhandledrejection", onRejection);
  assertStrictEquals(failed.hasFailed, true);
  await assertRejects(() => failed.closeNow(), Error, "internal");
  for (const conn of conns) conn.close();
});

Deno.test("Listener: accepts nothing before start, and loses no earlier connection", async () => {
  using hand = new Hand();
  const listener = Listener.open(LOCAL, hand);
  using _client = await connectTo(portOf(listener));
  assertStrictEquals(hand.conns.length, 0);
  listener.start();
  await hand.holds(1);
  await listener.close();
});

Deno.test("Listener.close: hands on connections that the kernel has completed", async () => {
  using hand = new Hand();
  const listener = Listener.open(LOCAL, hand);
  const clients = await Promise.all(Array.from({ length: 50 }, () => connectTo(portOf(listener))));
  listener.start();
  await listener.close();
  assertStrictEquals(hand.conns.length, 50);
  for (const conn of hand.conns) await conn.closeWrite();
  for (const client of clients) {
    using open = client;
    assertEquals(await readAll(open), new Uint8Array());
  }
});

Deno.test("Listener.close: frees the address", async () => {
  using hand = new Hand();
  const listener = Listener.open(LOCAL, hand);
  listener.start();
  const port = portOf(listener);
  await listener.close();
  await assertRejects(() => connectTo(port), Deno.errors.ConnectionRefused);
  using again = new Hand();
  const second = Listener.open({ ...LOCAL, port }, again);
  second.start();
  await second.close();
});

Deno.test("Listener.closeNow: resets the connections in the backlog", async () => {
  using hand = new Hand();
  const listener = Listener.open(LOCAL, hand);
  using client = await connectTo(portOf(listener));
  await listener.closeNow();
  await assertRejects(() => client.read(new Uint8Array(1)), Deno.errors.ConnectionReset);
  assertStrictEquals(hand.conns.length, 0);
});

Deno.test("Listener: closing is idempotent, in either way", async () => {
  using hand = new Hand();
  const listener = Listener.open(LOCAL, hand);
  listener.start();
  await Promise.all([listener.close(), listener.close(), listener.closeNow()]);
  await listener.close();
  await listener.closeNow();
});

Deno.test("Listener: closing a listener that was never started frees its address", async () => {
  using hand = new Hand();
  const listener = Listener.open(LOCAL, hand);
  await listener.close();
  using again = Deno.listen({ hostname: "127.0.0.1", port: portOf(listener) });
  assertStrictEquals(again.addr.port, portOf(listener));
});

Deno.test("Listener: clients that reset before they are accepted neither end nor pause the loop", async () => {
  using hand = new Hand();
  const listener = Listener.open(LOCAL, hand);
  for (let count = 0; count < 5; count++) await (await resettingClient(portOf(listener))).reset();
  listener.start();
  using _client = await connectTo(portOf(listener));
  await hand.holds(1);
  assertEquals(hand.pauses, []);
  await listener.close();
});

Deno.test("Listener: closing ends a pause of accepting", async () => {
  using hand = new Hand();
  const error = Object.assign(new Error("Too many open files"), { code: "EMFILE" });
  const listener = withSocket({ accept: () => Promise.reject(error) }, () => Listener.open(LOCAL, hand));
  listener.start();
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals([hand.pauses, hand.resumes], [[error], 0]);
  await listener.close();
  assertEquals([hand.pauses, hand.resumes], [[error], 1]);
});

/** Lets the runtime's next listener do something else. */
function withSocket(instead: Partial<Deno.Listener>, open: () => Listener): Listener {
  const original = Deno.listen;
  Deno.listen =
    ((options: Deno.TcpListenOptions) => Object.assign(original(options), instead)) as typeof original;
  try {
    return open();
  } finally {
    Deno.listen = original;
  }
}

Deno.test("Listener: with a gate, each connection waits for its permit and is handed on with it", async () => {
  const places: Disposable[] = [];
  const waiting: ((place: Disposable) => void)[] = [];
  using hand = new Hand({ enter: () => new Promise((resolve) => waiting.push(resolve)) });
  const listener = Listener.open(LOCAL, hand);
  listener.start();
  using _first = await connectTo(portOf(listener));
  using _second = await connectTo(portOf(listener));
  for (let count = 1; count <= 2; count++) {
    while (waiting.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    assertEquals([waiting.length, hand.conns.length], [1, count - 1]);
    const place = { [Symbol.dispose]: (): void => {} };
    places.push(place);
    waiting.shift()?.(place);
    await hand.holds(count);
  }
  assertEquals(hand.places, places);
  await listener.close();
});

Deno.test("Listener: a connection that waits at the gate is closed when the listener closes", async () => {
  const entered = Promise.withResolvers<void>();
  using hand = new Hand({
    enter: (signal) => {
      entered.resolve();
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    },
  });
  const listener = Listener.open(LOCAL, hand);
  listener.start();
  using client = await connectTo(portOf(listener));
  await entered.promise;
  await listener.close();
  assertStrictEquals(await client.read(new Uint8Array(1)), null);
  assertStrictEquals(hand.conns.length, 0);
});

Deno.test("ListenError: names the address of a port in use", () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = { ...LOCAL, port: taken.addr.port };
  const error = assertThrows(() => Listener.open(address, new Hand()), ListenError);
  assertEquals([error.code, error.address], ["EADDRINUSE", address]);
  assertStrictEquals(
    error.message,
    `listen on 127.0.0.1:${taken.addr.port}: port already in use; choose another one, or stop the process that uses it`,
  );
});

Deno.test("ListenError: explains an address of another machine", () => {
  const address = { kind: "tcp", host: "192.0.2.1", port: 5000 } as const;
  const error = assertThrows(() => Listener.open(address, new Hand()), ListenError);
  assertStrictEquals(
    error.message,
    "listen on 192.0.2.1:5000: not an address of this machine; choose a local one",
  );
});

Deno.test({
  name: "ListenError: explains what is wrong with the path of a unix socket",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using folder = new TemporaryFolder();
    const file = await folder.write("notes.txt", "");
    using _other = Deno.listen({ transport: "unix", path: folder.file("taken.sock") });
    const cases = [
      [file, "EADDRINUSE", "a file that is no socket is there; choose another path, or remove it"],
      [folder.path, "EADDRINUSE", "a directory is there; choose another path"],
      [
        folder.file("taken.sock"),
        "EADDRINUSE",
        "socket file already exists; choose another path, or stop the process that uses it",
      ],
      [
        folder.file("none/a.sock"),
        "ENOENT",
        `its directory "${folder.file("none")}" does not exist; create it`,
      ],
      [
        `${file}/a.sock`,
        "ENOTDIR",
        "the path leads through a file; give one that leads through directories",
      ],
    ] as const;
    for (const [path, code, what] of cases) {
      const error = assertThrows(() => Listener.open({ kind: "unix", path }, new Hand()), ListenError);
      assertEquals([error.message, error.code], [`listen on unix:${path}: ${what}`, code]);
    }
  },
});

Deno.test({
  name: "Listener: a socket file that is another's by now stays, one's own is removed",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using folder = new TemporaryFolder();
    const path = folder.file("s.sock");
    const open = (): Listener => {
      const listener = Listener.open({ kind: "unix", path }, {
        observer: { acceptPaused: () => {}, acceptResumed: () => {} },
        onConnection: (conn) => conn.close(),
      });
      listener.start();
      return listener;
    };
    const first = open();
    await Deno.remove(path);
    const second = open();
    await first.close();
    (await Deno.connect({ transport: "unix", path })).close();
    await second.close();
    assertEquals(await Array.fromAsync(Deno.readDir(folder.path)), []);
  },
});
