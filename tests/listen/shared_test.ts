import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import type { Address } from "../../lib/base/mod.ts";
import type { Connection } from "../../lib/net/mod.ts";
import { Listener, type ListenerOptions, ListenError } from "../../lib/listen/mod.ts";
import { connectTo, readToEnd } from "../helpers/clients.ts";

const ANYWHERE: Address = { kind: "tcp", host: "127.0.0.1", port: 0 };

function options(
  onConnection: (conn: Connection) => void,
  more: Partial<ListenerOptions> = {},
): ListenerOptions {
  return { observer: { acceptPaused: () => {}, acceptResumed: () => {} }, onConnection, ...more };
}

function portOf({ address }: Listener): number {
  if (address.kind !== "tcp") throw new Error("the listener has no port; expected one");
  return address.port;
}

Deno.test("Listener: listeners that share an address share its queue, and closing one loses nothing", async () => {
  const shared = options((conn) => conn.close(), { shared: true });
  const kept = Listener.open(ANYWHERE, shared);
  const other = Listener.open(kept.address, shared);
  const clients = await Promise.all(Array.from({ length: 8 }, () => connectTo(portOf(kept))));
  await kept.closeNow();
  other.start();
  assertEquals(await Promise.all(clients.map(readToEnd)), Array(8).fill("fin"));
  for (const client of clients) client.close();
  await other.close();
  await assertRejects(() => connectTo(portOf(kept)), Deno.errors.ConnectionRefused);
});

Deno.test("Listener: an address is shared only among listeners with shared set", async () => {
  const alone = Listener.open(ANYWHERE, options((conn) => conn.close()));
  const shared = options((conn) => conn.close(), { shared: true });
  const error = assertThrows(() => Listener.open(alone.address, shared), ListenError);
  assertStrictEquals(error.code, "EADDRINUSE");
  await alone.closeNow();
});

Deno.test("Listener: two shared listeners on port 0 get a port each", async () => {
  const shared = options((conn) => conn.close(), { shared: true });
  const [one, other] = [Listener.open(ANYWHERE, shared), Listener.open(ANYWHERE, shared)];
  assertEquals(portOf(one) === portOf(other), false);
  await Promise.all([one.closeNow(), other.closeNow()]);
});

Deno.test("Listener: waits for its turn before each accept", async () => {
  const turns: (() => void)[] = [];
  const accepted: Connection[] = [];
  const listener = Listener.open(
    ANYWHERE,
    options((conn) => accepted.push(conn), {
      turn: () => {
        const { promise, resolve } = Promise.withResolvers<void>();
        turns.push(resolve);
        return promise;
      },
    }),
  );
  listener.start();
  using client = await connectTo(portOf(listener));
  assertEquals([turns.length, accepted.length], [1, 0]);
  turns[0]?.();
  while (accepted.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  assertStrictEquals(turns.length, 2);
  for (const conn of accepted) conn.close();
  turns[1]?.();
  await readToEnd(client);
  await listener.close();
});

Deno.test("Listener: closes without waiting for its turn, and drains the queue", async () => {
  const accepted: Connection[] = [];
  const listener = Listener.open(
    ANYWHERE,
    options((conn) => accepted.push(conn), { turn: () => new Promise(() => {}) }),
  );
  listener.start();
  using client = await connectTo(portOf(listener));
  await listener.close();
  assertStrictEquals(accepted.length, 1);
  for (const conn of accepted) conn.close();
  assertStrictEquals(await readToEnd(client), "fin");
});
