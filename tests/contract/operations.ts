import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseCidr } from "../../lib/base/mod.ts";
import { resolveFaults } from "../../lib/config/mod.ts";
import type { SessionFilter, SessionQuery } from "../../lib/session/mod.ts";
import { utf8 } from "../helpers/bytes.ts";
import { readToEnd, writeAll } from "../helpers/clients.ts";
import { answeredBy, Fleet } from "../helpers/proxy/fleet.ts";
import { type StartPlane, type TestPlane, withPlane } from "../helpers/proxy/plane.ts";
import { neverAnswering, TestTarget } from "../helpers/targets.ts";

const NEWEST: SessionQuery = { filter: {}, sort: "id", order: "desc", limit: 100 };
const GONE = "127.0.0.1:1";

/** What an operator may do to a proxy while it runs, in how many threads it may. No plane deviates. */
export function testOperationsContract(name: string, start: StartPlane): void {
  Deno.test(`${name}.sessions: lists live sessions of every thread, filtered, sorted and up to a limit`, async () => {
    await using fleet = new Fleet(1);
    await using silent = new TestTarget(neverAnswering);
    const apps = [
      { name: "a", targets: fleet.addresses },
      { name: "b", targets: [silent.address] },
    ];
    await withPlane(start, { apps }, async (plane) => {
      const clients = await several(plane, 6);
      for (const client of clients) assertEquals(await answeredBy(client), 0);
      const last = clients.at(-1);
      if (last === undefined) throw new Error("there is no client");
      assertEquals(await echoed(last, "hello"), "hello");
      const [, other] = plane.control.listeners();
      using _silent = await connectTo(other);
      await silent.connections(1);
      await until(async () => {
        const filter = { state: "relaying" } as const;
        return (await plane.control.operations.sessions({ ...NEWEST, filter })).matched === 7;
      });
      const all = await plane.control.operations.sessions(NEWEST);
      assertEquals([all.total, all.matched, all.incomplete], [7, 7, []]);
      const ids = all.sessions.map(({ id }) => id);
      assertEquals(ids, ids.toSorted((a, b) => b - a));
      const most = await plane.control.operations.sessions({ ...NEWEST, sort: "bytes_up", limit: 2 });
      assertEquals([most.matched, most.sessions.length, most.sessions[0]?.bytesUp], [7, 2, 5]);
      const [session] = most.sessions;
      assertEquals(
        [session?.app, session?.target, session?.state, session?.tries, session?.bytesDown, session?.client],
        ["a", fleet.addresses[0], "relaying", 1, 6, addressOf(last)],
      );
      assert((session?.connectMs ?? -1) >= 0 && (session?.ageMs ?? -1) >= (session?.connectMs ?? 0));
      assert((session?.idleMs ?? -1) >= 0);
      const counts = await Promise.all(
        ([
          { app: "b" },
          { target: silent.address },
          { app: "a", target: silent.address },
          { client: parseCidr("127.0.0.0/8") },
          { client: parseCidr("10.0.0.0/8") },
          { state: "relaying" },
          { state: "inspecting" },
          { id: ids[0] },
        ] satisfies SessionFilter[]).map(async (filter) => {
          return (await plane.control.operations.sessions({ ...NEWEST, filter })).matched;
        }),
      );
      assertEquals(counts, [1, 1, 0, 7, 0, 7, 0, 1]);
      for (const client of clients) client.close();
    });
  });

  Deno.test(`${name}.sessions: a session that dials is listed without a target`, async () => {
    const app = { targets: [GONE], retry: { tries: 9, pause: "1h" }, "connect_deadline": "1d" };
    await withPlane(start, { apps: [app] }, async (plane) => {
      using _client = await plane.connect();
      await plane.underWay(1);
      await until(async () => {
        const { sessions: [session] } = await plane.control.operations.sessions(NEWEST);
        return session?.state === "dialing" && session.target === undefined &&
          session.connectMs === undefined;
      });
    });
  });

  Deno.test(`${name}.endSessions: ends one, then those that fit, as killed`, async () => {
    await using fleet = new Fleet(1);
    const apps = [{ name: "a", targets: fleet.addresses }, { name: "b", targets: fleet.addresses }];
    await withPlane(start, { apps }, async (plane) => {
      const clients = await several(plane, 5);
      for (const client of clients) await answeredBy(client);
      const [, other] = plane.control.listeners();
      using stays = await connectTo(other);
      await answeredBy(stays);
      const { sessions: [newest] } = await plane.control.operations.sessions({
        ...NEWEST,
        filter: { app: "a" },
      });
      const { operations } = plane.control;
      assertEquals(await operations.endSessions({ id: newest?.id }), { ended: 1, incomplete: [] });
      assertEquals((await plane.log.ended(1)).map(({ id, reason, detail }) => [id, reason, detail]), [
        [newest?.id ?? 0, "killed", "by an operator"],
      ]);
      assertEquals(await operations.endSessions({ id: newest?.id }), { ended: 0, incomplete: [] });
      assertEquals(await operations.endSessions({ app: "a" }), { ended: 4, incomplete: [] });
      assertEquals((await plane.log.ended(4)).map(({ reason }) => reason), Array(4).fill("killed"));
      assertEquals(await echoed(stays, "still here"), "still here");
      for (const client of clients) client.close();
    });
  });

  Deno.test(`${name}.setTarget: a drained target gets no new connections and keeps its live ones`, async () => {
    await using fleet = new Fleet(2);
    await withPlane(
      start,
      { apps: [{ name: "a", targets: fleet.addresses, balance: "first" }] },
      async (plane) => {
        const [first = ""] = fleet.addresses;
        const live = await several(plane, 4);
        for (const client of live) assertEquals(await answeredBy(client), 0);
        assertEquals(await set(plane, first, { admin: "drain" }), { ended: 0, incomplete: [] });
        assertEquals(await answers(plane, 6), Array(6).fill(1));
        for (const client of live) assertEquals(await echoed(client, "on"), "on");
        assertEquals(shown(plane), [["drain", 1, 1, "up"], ["ready", 1, 1, "up"]]);
        assertEquals(plane.log.targetChanges, [`a ${first} set`]);
        assertEquals(plane.log.changeDetails, ["drain, weight as configured"]);
        await set(plane, first, { admin: "ready" });
        assertEquals(await answers(plane, 6), Array(6).fill(0));
        for (const client of live) client.close();
      },
    );
  });

  Deno.test(`${name}.setTarget: down ends the live sessions too, as target_down`, async () => {
    await using fleet = new Fleet(2);
    await withPlane(
      start,
      { apps: [{ name: "a", targets: fleet.addresses, balance: "first" }] },
      async (plane) => {
        const [first = "", second = ""] = fleet.addresses;
        const live = await several(plane, 4);
        for (const client of live) await answeredBy(client);
        assertEquals(await set(plane, first, { admin: "down" }), { ended: 4, incomplete: [] });
        assertEquals((await plane.log.ended(4)).map(({ reason }) => reason), Array(4).fill("target_down"));
        assertEquals(await answers(plane, 4), Array(4).fill(1));
        // With none left, nothing is dialed, not even as a last resort.
        await set(plane, second, { admin: "drain" });
        await plane.log.ended(4);
        using client = await plane.connect();
        await readToEnd(client);
        const [session] = await plane.log.ended(1);
        assertEquals([session?.reason, session?.tries], ["no_target", 0]);
        assertStringIncludes(session?.detail ?? "", "drained or taken down by an operator");
        for (const client of live) client.close();
      },
    );
  });

  Deno.test(`${name}.setTarget: a weight holds until it is as configured again; unknown targets are reported`, async () => {
    await using fleet = new Fleet(2);
    const targets = fleet.addresses.map((address) => ({ address, weight: 3 }));
    await withPlane(start, { apps: [{ name: "a", targets }] }, async (plane) => {
      const [first = ""] = fleet.addresses;
      await set(plane, first, { weight: 0 });
      assertEquals(shown(plane), [["ready", 0, 3, "up"], ["ready", 3, 3, "up"]]);
      assertEquals(await answers(plane, 6), Array(6).fill(1));
      await set(plane, first, { weight: 200 });
      assertEquals(shown(plane)[0], ["ready", 200, 3, "up"]);
      await set(plane, first, { weight: null });
      assertEquals(shown(plane)[0], ["ready", 3, 3, "up"]);
      const { operations } = plane.control;
      assertEquals(await operations.setTarget({ app: "a", label: GONE }, { weight: 1 }), undefined);
      assertEquals(await operations.setTarget({ app: "b", label: first }, { weight: 1 }), undefined);
    });
  });

  Deno.test(`${name}.setTarget: checks of a drained target go on, and what they find is shown`, async () => {
    const checked = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const label = `127.0.0.1:${checked.addr.port}`;
    const check = { interval: "200ms", timeout: "200ms", rise: 1, fall: 1 };
    await withPlane(
      start,
      { apps: [{ name: "a", targets: [label], "health_check": check }] },
      async (plane) => {
        await set(plane, label, { admin: "drain" });
        checked.close();
        const find = () => plane.control.status().apps[0]?.own.targets[0];
        await until(() => find()?.health === "down");
        const target = find();
        assertEquals([target?.admin, target?.health], ["drain", "down"]);
        assert((target?.changedAtMs ?? 0) > 0);
        assert(target?.detail !== "");
      },
    );
  });

  Deno.test(`${name}.setPaused: connections wait until the app accepts again, live ones go on`, async () => {
    await using fleet = new Fleet(1);
    const apps = [{ name: "a", targets: fleet.addresses }, { name: "b", targets: fleet.addresses }];
    await withPlane(start, { apps }, async (plane) => {
      using live = await plane.connect();
      await answeredBy(live);
      const { operations } = plane.control;
      assertEquals(await operations.setPaused("a", true), { incomplete: [] });
      assertEquals(await operations.setPaused("a", true), { incomplete: [] });
      assertEquals(await operations.setPaused("c", true), undefined);
      assertEquals(plane.control.status().apps.map(({ isPaused }) => isPaused), [true, false]);
      const waiting = await several(plane, 6);
      await Promise.all(waiting.map((client) => writeAll(client, utf8("x"))));
      const [, other] = plane.control.listeners();
      using served = await connectTo(other);
      assertEquals(await answeredBy(served), 0);
      assertEquals(await echoed(live, "on"), "on");
      assertEquals([plane.control.activeSessions(), fleet.targets[0]?.accepted], [2, 2]);
      assertEquals(await operations.setPaused("a", false), { incomplete: [] });
      for (const client of waiting) assertEquals(await answeredBy(client), 0);
      for (const client of waiting) client.close();
    });
  });

  Deno.test(`${name}.setPaused: a limit holds after the pause, and a paused proxy can be drained`, async () => {
    await using fleet = new Fleet(1);
    const app = { name: "a", targets: fleet.addresses, "max_connections": 2 };
    await withPlane(start, { apps: [app] }, async (plane) => {
      const { operations } = plane.control;
      await operations.setPaused("a", true);
      const clients = await several(plane, 5);
      await operations.setPaused("a", false);
      await fleet.targets[0]?.connections(2);
      await until(() => plane.control.activeSessions() === 2);
      assertEquals(fleet.targets[0]?.accepted, 2);
      await operations.setPaused("a", true);
      await operations.endSessions({});
      await plane.control.drain();
      assertEquals(fleet.targets[0]?.accepted, 2);
      for (const client of clients) client.close();
    });
  });

  Deno.test(`${name}.setFaults: faults act from now on, beside those of the config, until they are removed`, async () => {
    await using fleet = new Fleet(1);
    const own = { kind: "refuse", clients: ["192.0.2.1"] };
    await withPlane(
      start,
      { apps: [{ name: "a", targets: fleet.addresses, faults: [own] }] },
      async (plane) => {
        const { operations } = plane.control;
        using live = await plane.connect();
        await answeredBy(live);
        const faults = resolveFaults([{ kind: "refuse", clients: ["127.0.0.0/8"], expires: "1h" }]);
        assertEquals(await operations.setFaults("a", faults), { incomplete: [] });
        assertEquals(await operations.setFaults("b", faults), undefined);
        for (let left = 4; left > 0; left--) {
          using client = await plane.connect();
          await readToEnd(client);
        }
        assertEquals((await plane.log.ended(4)).map(({ reason }) => reason), Array(4).fill("killed"));
        assertEquals(await echoed(live, "on"), "on");
        const [status] = plane.control.status().apps;
        assertEquals(status?.faults.map(({ source, fault: { kind } }) => [source, kind]), [
          ["config", "refuse"],
          ["api", "refuse"],
        ]);
        const [, set] = status?.faults ?? [];
        assertEquals((set?.expiresAtMs ?? 0) - (set?.sinceMs ?? 0), 3_600_000);
        await operations.setFaults("a", []);
        assertEquals(plane.control.status().apps[0]?.faults.length, 1);
        assertEquals(await answers(plane, 4), Array(4).fill(0));
      },
    );
  });

  Deno.test(`${name}.setFaults: live connections go on without a fault that is removed`, async () => {
    await using fleet = new Fleet(1);
    await withPlane(start, { apps: [{ name: "a", targets: fleet.addresses }] }, async (plane) => {
      const { operations } = plane.control;
      await operations.setFaults("a", resolveFaults([{ kind: "latency", amount: "1h", direction: "down" }]));
      const clients = await several(plane, 3);
      await fleet.targets[0]?.connections(3);
      await operations.setFaults("a", []);
      for (const client of clients) {
        assertEquals([await answeredBy(client), await echoed(client, "on")], [0, "on"]);
      }
      for (const client of clients) client.close();
    });
  });

  Deno.test(`${name}.setFaults: a fault that has expired does nothing, and is not shown`, async () => {
    await using fleet = new Fleet(1);
    await withPlane(start, { apps: [{ name: "a", targets: fleet.addresses }] }, async (plane) => {
      await plane.control.operations.setFaults("a", resolveFaults([{ kind: "refuse", expires: "1ms" }]));
      await until(() => plane.control.status().apps[0]?.faults.length === 0);
      // The clock of a worker may be behind.
      for (let served = 0; served < 8;) {
        using client = await plane.connect();
        served = await client.read(new Uint8Array(1)) === 1 ? served + 1 : 0;
      }
    });
  });

  Deno.test(`${name}.explain: takes what an operator has set into account`, async () => {
    await using fleet = new Fleet(2);
    await withPlane(
      start,
      { apps: [{ name: "a", targets: fleet.addresses, balance: "first" }] },
      async (plane) => {
        const [first = "", second = ""] = fleet.addresses;
        const explained = () => {
          const answer = plane.control.explain({
            to: { kind: "port", port: plane.port },
            client: "192.0.2.7",
            sni: undefined,
            alpn: [],
          });
          if (answer.kind !== "explained") throw new Error(`the answer is "${answer.kind}"`);
          return answer;
        };
        await set(plane, first, { admin: "drain" });
        assertEquals(explained().targets.map(({ address }) => address), [second]);
        assertStringIncludes(explained().skipped[0]?.why ?? "", "drained by an operator");
        await set(plane, second, { admin: "down" });
        assertEquals(explained().targets, []);
        assertEquals(explained().refusal?.reason, "no_target");
        await plane.control.operations.setPaused("a", true);
        assertStringIncludes(explained().notes.join("\n"), "paused");
        await set(plane, first, { admin: "ready" });
        await plane.control.operations.setFaults("a", resolveFaults([{ kind: "latency", amount: "1s" }]));
        assertStringIncludes(explained().notes.join("\n"), 'the fault "latency"');
      },
    );
  });
}

/** Sets the target of app "a" with this label. */
export async function set(
  plane: TestPlane,
  label: string,
  change: Parameters<TestPlane["control"]["operations"]["setTarget"]>[1],
): Promise<unknown> {
  return await plane.control.operations.setTarget({ app: "a", label }, change);
}

/** What the status shows of the first app's targets. */
export function shown(plane: TestPlane): unknown[] {
  return plane.control.status().apps[0]?.own.targets.map(
    ({ admin, weight, configuredWeight, health }) => [admin, weight, configuredWeight, health],
  ) ?? [];
}

/** Connects so often, one after the other, and returns who of a fleet answered. */
export async function answers(plane: TestPlane, count: number): Promise<number[]> {
  const found: number[] = [];
  for (let left = count; left > 0; left--) {
    using client = await plane.connect();
    found.push(await answeredBy(client));
    await client.closeWrite();
    await readToEnd(client);
  }
  return found;
}

/** So many connections to the first port; the test owns them. */
export function several(plane: TestPlane, count: number): Promise<Deno.TcpConn[]> {
  return Promise.all(Array.from({ length: count }, () => plane.connect()));
}

export async function echoed(client: Deno.Conn, text: string): Promise<string> {
  await writeAll(client, utf8(text));
  const buffer = new Uint8Array(text.length);
  for (let length = 0; length < buffer.length;) {
    const count = await client.read(buffer.subarray(length));
    if (count === null) throw new Error(`${length} bytes came back; expected ${buffer.length}`);
    length += count;
  }
  return new TextDecoder().decode(buffer);
}

/** Waits until it is so; nobody tells when. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!await isSo()) await new Promise((resolve) => setTimeout(resolve, 1));
}

function connectTo(
  listener: ReturnType<TestPlane["control"]["listeners"]>[number] | undefined,
): Promise<Deno.Conn> {
  if (listener?.address.kind !== "tcp") throw new Error("there is no such listener on TCP");
  return Deno.connect({ hostname: listener.address.host, port: listener.address.port });
}

function addressOf(client: Deno.TcpConn): { kind: "tcp"; host: string; port: number } {
  return { kind: "tcp", host: client.localAddr.hostname, port: client.localAddr.port };
}
