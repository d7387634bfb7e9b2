import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { formatAddress, monotonicClock } from "../../lib/base/mod.ts";
import { StartError } from "../../lib/proxy/mod.ts";
import { FaultPlan, type FaultRule } from "../../lib/relay/mod.ts";
import type { EndedSession } from "../../lib/session/mod.ts";
import { utf8 } from "../helpers/bytes.ts";
import { connectTo, exchange, randomBytes, readExactly, readToEnd, writeAll } from "../helpers/clients.ts";
import { freePort } from "../helpers/free_ports.ts";
import { PlaneLog, type StartPlane, type TestPlane, withPlane } from "../helpers/proxy/plane.ts";
import { configOf } from "../helpers/proxy/proxy.ts";
import { echo, neverAnswering, TestTarget } from "../helpers/targets.ts";

/** What a caller that controls a proxy may rely on, in how many threads it may run. No plane deviates. */
export function testProxyControlContract(name: string, start: StartPlane): void {
  Deno.test(`${name}: serves, and says what is bound and how each session ended`, async () => {
    await using target = new TestTarget(echo);
    await withPlane(start, { apps: [{ name: "a", targets: [target.address] }] }, async (plane) => {
      const [listener] = plane.control.listeners();
      assertEquals(listener?.app, "a");
      using client = await plane.connect();
      const { port } = client.localAddr;
      assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
      const [session] = await plane.log.ended(1);
      assertEquals(
        [
          session?.app.name,
          session?.reason,
          session?.target?.label,
          session?.tries,
          session?.sni,
          session?.detail,
        ],
        ["a", "client_closed", target.address, 1, undefined, ""],
      );
      assertEquals([session?.up.bytes, session?.down.bytes, session?.failures, session?.error], [
        5,
        5,
        [],
        undefined,
      ]);
      assertEquals(session?.client, { kind: "tcp", host: "127.0.0.1", port });
      assertEquals(session?.listener, listener?.address);
      assert((session?.connectMs ?? -1) >= 0 && (session?.endedMs ?? 0) > (session?.startedMs ?? 0));
    });
  });

  Deno.test(`${name}: sessions have numbers of their own, and those under way are counted`, async () => {
    await using target = new TestTarget(echo);
    await withPlane(start, { apps: [{ targets: [target.address] }] }, async (plane) => {
      const clients = await Promise.all(Array.from({ length: 12 }, () => plane.connect()));
      await plane.underWay(12);
      for (const client of clients) client.close();
      const sessions = await plane.log.ended(12);
      assertEquals(new Set(sessions.map(({ id }) => id)).size, 12);
      assertStrictEquals(plane.control.activeSessions(), 0);
    });
  });

  Deno.test(`${name}: what the targets answered that could not be reached is reported`, async () => {
    await withPlane(start, { apps: [{ targets: ["127.0.0.1:1"] }] }, async (plane) => {
      using client = await plane.connect();
      await readToEnd(client);
      const [session] = await plane.log.ended(1);
      assertEquals([session?.reason, session?.target], ["no_target", undefined]);
      assertEquals(session?.failures.map(({ target, code }) => [target.label, code]), [[
        "127.0.0.1:1",
        "ECONNREFUSED",
      ]]);
    });
  });

  Deno.test(`${name}: a port that is taken is named, and nothing else stays open`, async () => {
    await using target = new TestTarget(echo);
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const free = freePort();
    const config = configOf({
      apps: [
        { name: "good", listen: [`127.0.0.2:${free}`], targets: [target.address] },
        { name: "bad", listen: [`127.0.0.1:${taken.addr.port}`], targets: [target.address] },
      ],
    });
    const error = await assertRejects(() => start(config, new PlaneLog()), StartError);
    assertEquals(
      error.message,
      `start app "bad": listen on 127.0.0.1:${taken.addr.port}: port already in use; ` +
        "choose another one, or stop the process that uses it",
    );
    await assertRejects(() => connectTo(free, "127.0.0.2"), Deno.errors.ConnectionRefused);
    assertStrictEquals(target.accepted, 0);
  });

  Deno.test(`${name}: a file that cannot be read is named`, async () => {
    const missing = "/nonexistent/ca.pem";
    const config = configOf({
      apps: [{ name: "a", targets: ["127.0.0.1:1"], "target_tls": { ca: missing } }],
    });
    const error = await assertRejects(() => start(config, new PlaneLog()), StartError);
    assert(error.message.startsWith(`start app "a": read "${missing}": `), error.message);
  });

  Deno.test(`${name}: max_connections holds exactly, and a place that is given back is taken`, async () => {
    await using target = new TestTarget(echo);
    await withPlane(start, { apps: [{ targets: [target.address], "max_connections": 3 }] }, async (plane) => {
      const served: Deno.Conn[] = [];
      const clients = await Promise.all(Array.from({ length: 8 }, () => greeting(plane, served)));
      for (let expected = 3; expected <= 8; expected++) {
        await target.connections(expected);
        await until(() => served.length >= expected);
        assertStrictEquals(target.accepted, expected);
        assertEquals([served.length, plane.control.activeSessions()], [
          expected,
          3 - Math.max(0, expected - 8),
        ]);
        served[expected - 3]?.close();
      }
      for (const { done } of clients) await done;
      for (const conn of served.slice(-2)) conn.close();
    });
  });

  Deno.test(`${name}: a target's max_connections holds exactly, and one that finds no place ends as limit`, async () => {
    await using target = new TestTarget(echo);
    const targets = [{ address: target.address, "max_connections": 2 }];
    await withPlane(start, { apps: [{ targets, "queue_timeout": "30ms" }] }, async (plane) => {
      const clients = await Promise.all(Array.from({ length: 6 }, () => plane.connect()));
      const refused = await plane.log.ended(4);
      assertEquals(refused.map(({ reason }) => reason), ["limit", "limit", "limit", "limit"]);
      assertStrictEquals(target.accepted, 2);
      for (const client of clients) client.close();
      assertEquals((await plane.log.ended(2)).map(({ reason }) => reason), [
        "client_closed",
        "client_closed",
      ]);
      await Promise.all(Array.from({ length: 2 }, () => ping(plane)));
    });
  });

  Deno.test(`${name}: a connection that waits for a target's place gets it when it is given back`, async () => {
    await using target = new TestTarget(echo);
    const targets = [{ address: target.address, "max_connections": 1 }];
    await withPlane(start, { apps: [{ targets, "queue_timeout": "1m" }] }, async (plane) => {
      await Promise.all(Array.from({ length: 6 }, () => ping(plane)));
      assertStrictEquals(target.accepted, 6);
    });
  });

  Deno.test(`${name}: limits of each client hold exactly`, async () => {
    await using target = new TestTarget(echo);
    const app = { targets: [target.address], "max_connections_per_client": 2 };
    await withPlane(start, { apps: [app] }, async (plane) => {
      const clients = await Promise.all(Array.from({ length: 6 }, () => plane.connect()));
      assertEquals((await plane.log.ended(4)).map(({ reason }) => reason), [
        "limit",
        "limit",
        "limit",
        "limit",
      ]);
      for (const client of clients) client.close();
      await plane.log.ended(2);
      await ping(plane);
    });
    for (const count of [1, 3]) {
      const rated = { targets: [target.address], "accept_rate_per_client": `${count}/h` };
      await withPlane(start, { apps: [rated] }, async (plane) => {
        for (let i = 0; i < 6; i++) await ping(plane).catch(() => {});
        const reasons = (await plane.log.ended(6)).map(({ reason }) => reason).sort();
        assertEquals(reasons, [
          ...Array(count).fill("client_closed"),
          ...Array(6 - count).fill("rate_limit"),
        ]);
      });
    }
  });

  Deno.test(`${name}: accept_rate holds over all listeners, as many at once as it counts`, async () => {
    for (const count of [1, 3]) {
      await using target = new TestTarget(echo);
      const app = { targets: [target.address], "accept_rate": `${count}/h` };
      await withPlane(start, { apps: [app] }, async (plane) => {
        const served: Deno.Conn[] = [];
        const clients = await Promise.all(Array.from({ length: 6 }, () => greeting(plane, served)));
        await until(() => served.length >= count);
        assertStrictEquals(plane.control.activeSessions(), count);
        await plane.control.stop();
        for (const { done } of clients) await done;
        assertEquals([target.accepted, served.length], [count, count]);
        for (const conn of served) conn.close();
      });
    }
  });

  Deno.test(`${name}: accept_rate is not spent by clients that are refused`, async () => {
    await using target = new TestTarget(echo);
    const app = {
      targets: [target.address],
      "accept_rate": "1/h",
      deny: ["192.0.2.9"],
      "proxy_protocol": { accept: "required", from: ["127.0.0.1"] },
    };
    await withPlane(start, { apps: [app] }, async (plane) => {
      for (const last of [9, 9, 9, 1]) {
        using client = await plane.connect();
        await writeAll(client, utf8(`PROXY TCP4 192.0.2.${last} 192.0.2.3 1 2\r\n`));
        await client.closeWrite();
        await readToEnd(client);
      }
      const reasons = (await plane.log.ended(4)).map(({ reason }) => reason ?? "").sort();
      assertEquals(reasons, ["client_closed", "denied", "denied", "denied"]);
    });
  });

  Deno.test(`${name}: a target that fails is ejected once, for all`, async () => {
    await using target = new TestTarget(echo);
    const app = {
      name: "a",
      targets: ["127.0.0.1:1", target.address],
      balance: "first",
      "passive_health": { failures: 3, window: "1m", "eject_for": "1h", "max_ejected": "50%" },
    };
    await withPlane(start, { apps: [app] }, async (plane) => {
      const tries: number[] = [];
      // Each connection may go to another thread; all have heard of it when a row of them does not try the bad target.
      while (tries.length < 200 && !(tries.length >= 12 && tries.slice(-8).every((count) => count === 1))) {
        await ping(plane);
        tries.push((await plane.log.ended(1))[0]?.tries ?? 0);
      }
      assertEquals(tries.slice(0, 3), [2, 2, 2]);
      assertEquals(tries.slice(-8), Array(8).fill(1));
      assertEquals(plane.log.targetChanges, ["a 127.0.0.1:1 ejected"]);
    });
  });

  Deno.test(`${name}: a target that goes down is reported once, and with it go its sessions where the app says so`, async () => {
    await using target = new TestTarget(echo);
    const checked = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const app = {
      name: "a",
      targets: [target.address],
      "health_check": { interval: "100ms", timeout: "100ms", rise: 1, fall: 2, port: checked.addr.port },
      "on_target_down": "close",
    };
    await withPlane(start, { apps: [app] }, async (plane) => {
      const clients = await Promise.all(Array.from({ length: 6 }, () => plane.connect()));
      await target.connections(6);
      await plane.underWay(6);
      checked.close();
      const sessions = await plane.log.ended(6);
      assertEquals(sessions.map(({ reason }) => reason), Array(6).fill("target_down"));
      assertEquals(plane.log.targetChanges, [`a ${target.address} down`]);
      for (const client of clients) client.close();
    });
  });

  Deno.test(`${name}: drain closes the listeners, and transfers under way come to their end`, async () => {
    await using target = new TestTarget(echo);
    await withPlane(start, { apps: [{ targets: [target.address] }] }, async (plane) => {
      const bytes = randomBytes(1_000_000);
      const clients = await Promise.all(Array.from({ length: 4 }, () => plane.connect()));
      await Promise.all(clients.map((client) => echoed(client, bytes)));
      const drained = plane.control.drain();
      await until(() => refuses(plane.port));
      for (const client of clients) assertEquals(await exchange(client, bytes), bytes);
      await drained;
      assertStrictEquals(plane.control.activeSessions(), 0);
      for (const client of clients) client.close();
      // Those that came to see whether they are refused have sent nothing.
      const carried: EndedSession[] = [];
      while (carried.length < 4) {
        carried.push(...(await plane.log.ended(1)).filter(({ up }) => up.bytes > 0));
      }
      assertEquals(
        carried.map(({ reason, up }) => [reason, up.bytes]),
        Array(4).fill(["client_closed", 2_000_000]),
      );
    });
  });

  Deno.test(`${name}: drain ends what is stuck at its limit, and says how much is left`, async () => {
    await using target = new TestTarget(neverAnswering);
    const root = { apps: [{ targets: [target.address] }], shutdown: { "drain_timeout": "200ms" } };
    await withPlane(start, root, async (plane) => {
      const clients = await Promise.all(Array.from({ length: 6 }, () => plane.connect()));
      await target.connections(6);
      await plane.underWay(6);
      await plane.control.drain();
      assertEquals((await plane.log.ended(6)).map(({ reason }) => reason), Array(6).fill("drained"));
      assertEquals(plane.log.drainReports.map(({ left }) => left), [6]);
      for (const client of clients) client.close();
    });
  });

  Deno.test(`${name}: stop cuts a drain short, and either may be called again`, async () => {
    await using target = new TestTarget(neverAnswering);
    const root = { apps: [{ targets: [target.address] }], shutdown: { "drain_timeout": "1h" } };
    await withPlane(start, root, async (plane) => {
      const { port } = plane;
      const clients = await Promise.all(Array.from({ length: 4 }, () => plane.connect()));
      await target.connections(4);
      await plane.underWay(4);
      const drained = plane.control.drain();
      await plane.control.stop();
      await drained;
      assertEquals((await plane.log.ended(4)).map(({ reason }) => reason), Array(4).fill("drained"));
      await plane.control.stop();
      await plane.control.drain();
      using again = Deno.listen({ hostname: "127.0.0.1", port });
      assertStrictEquals(again.addr.port, port);
      for (const client of clients) client.close();
    });
  });

  Deno.test(`${name}: a unix socket is served beside a port`, async () => {
    await using target = new TestTarget(echo);
    const path = `${await Deno.makeTempDir()}/s`;
    await withPlane(
      start,
      { apps: [{ listen: ["127.0.0.1:1", `unix:${path}`], targets: [target.address] }] },
      async (plane) => {
        assertEquals(plane.control.listeners().map(({ address }) => formatAddress(address)), [
          `127.0.0.1:${plane.port}`,
          `unix:${path}`,
        ]);
        // They stay, and no other thread has the socket: whose turn it is does not matter.
        const clients = await Promise.all(
          Array.from({ length: 5 }, () => Deno.connect({ transport: "unix", path })),
        );
        for (const client of clients) {
          await writeAll(client, utf8("x"));
          assertEquals(await readExactly(client, 1), utf8("x"));
        }
        for (const client of clients) client.close();
        await ping(plane);
        const listeners = (await plane.log.ended(6)).map(({ listener }) => listener.kind).sort();
        assertEquals(listeners, ["tcp", "unix", "unix", "unix", "unix", "unix"]);
      },
    );
    await Deno.remove(path.slice(0, -2), { recursive: true });
  });

  Deno.test(`${name}: a fault with a seed hits the same connections at each start`, async () => {
    await using target = new TestTarget(echo);
    const [first, second] = [{ probability: 0.5, seed: 7 }, { probability: 0.3, seed: 8 }];
    const faults = [first, second].map((fault) => ({ kind: "refuse", ...fault }));
    const wanted = drawn([first, second], 24);
    await withPlane(start, { apps: [{ targets: [target.address], faults }] }, async (plane) => {
      const refused: boolean[] = [];
      for (let count = 0; count < wanted.length; count++) {
        using client = await plane.connect();
        await client.closeWrite();
        await readToEnd(client);
        const [session] = await plane.log.ended(1);
        refused.push(session?.reason === "killed");
      }
      assertEquals(refused, wanted);
    });
  });
}

/** Which of so many connections, one after the other, one plan of these faults refuses. */
function drawn(
  faults: readonly { readonly probability: number; readonly seed: number }[],
  count: number,
): boolean[] {
  const rules = faults.map((fault): FaultRule => ({
    ...fault,
    kind: "refuse",
    direction: "both",
    expiresAtMs: Infinity,
    appliesTo: () => true,
  }));
  const plan = new FaultPlan(rules, {
    clock: monotonicClock,
    budget: () => {
      throw new Error("expected no budget");
    },
  });
  return Array.from({ length: count }, () => plan.draw("127.0.0.1", 0)?.refuse === true);
}

/** Sends a little, reads it back and leaves. */
async function ping(plane: TestPlane): Promise<void> {
  using client = await plane.connect();
  const reply = await exchange(client, utf8("ping"));
  if (reply.length !== 4) throw new Error(`ping: ${reply.length} bytes came back; expected 4`);
}

async function echoed(client: Deno.Conn, bytes: Uint8Array): Promise<void> {
  await writeAll(client, bytes);
  assertEquals(await readExactly(client, bytes.length), bytes);
}

/** A client that says something, and is in `served` when it has come back; `done` resolves when it was closed. */
async function greeting(plane: TestPlane, served: Deno.Conn[]): Promise<{ done: Promise<void> }> {
  const client = await plane.connect();
  await writeAll(client, utf8("x"));
  const read = async (): Promise<void> => {
    const buffer = new Uint8Array(1);
    try {
      if (await client.read(buffer) === 1) served.push(client);
      else client.close();
    } catch (error) {
      client.close();
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
    }
  };
  return { done: read() };
}

async function refuses(port: number): Promise<boolean> {
  try {
    (await connectTo(port)).close();
    return false;
  } catch (error) {
    // The queue was closed with this one in it.
    if (error instanceof Deno.errors.ConnectionReset) return false;
    if (error instanceof Deno.errors.ConnectionRefused) return true;
    throw error;
  }
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!await isSo()) await new Promise((resolve) => setTimeout(resolve, 1));
}
