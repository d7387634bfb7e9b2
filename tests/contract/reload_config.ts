import { assert, assertEquals, assertRejects, assertStrictEquals, assertStringIncludes } from "@std/assert";
import { formatAddress } from "../../lib/base/mod.ts";
import type { ReloadResult } from "../../lib/proxy/mod.ts";
import { utf8 } from "../helpers/bytes.ts";
import { connectTo, exchange, randomBytes, readExactly, writeAll } from "../helpers/clients.ts";
import { answeredBy, Fleet } from "../helpers/proxy/fleet.ts";
import { freePort } from "../helpers/free_ports.ts";
import { type StartPlane, type TestPlane, withPlane } from "../helpers/proxy/plane.ts";
import { configOf } from "../helpers/proxy/proxy.ts";
import { echo, TestTarget } from "../helpers/targets.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

type AppLiteral = Readonly<Record<string, unknown>>;

/** What may be relied on when a proxy takes another config, in how many threads it may run. No plane deviates. */
export function testConfigReloadContract(name: string, start: StartPlane): void {
  Deno.test(`${name}.reload: new connections go to the new targets, an open one keeps its own`, async () => {
    await using fleet = new Fleet(2);
    const app = { name: "a", listen: [`127.0.0.1:${freePort()}`] };
    const [before, after] = fleet.addresses;
    await withPlane(start, { apps: [{ ...app, targets: [before] }] }, async (plane) => {
      using open = await plane.connect();
      assertEquals(await answeredBy(open), 0);
      assertEquals(await changes(plane, [{ ...app, targets: [after] }]), ["a changed"]);
      using next = await plane.connect();
      assertEquals(await answeredBy(next), 1);
      assertEquals(await pass(open), "still here");
      assertEquals(plane.control.status().apps[0]?.own.targets.map(({ label }) => label), [after]);
    });
  });

  Deno.test(`${name}.reload: listeners come and go, one that moves to another app is never closed`, async () => {
    await using fleet = new Fleet(2);
    const [one, two, three] = [freePort(), freePort(), freePort()].map((port) => `127.0.0.1:${port}`);
    const [first, second] = fleet.addresses;
    const apps = [
      { name: "a", listen: [one, two], targets: [first] },
      { name: "b", listen: [three], targets: [second] },
    ];
    await withPlane(start, { apps }, async (plane) => {
      const result = await changes(plane, [
        { name: "b", listen: [two], targets: [second] },
        { name: "c", listen: [three], targets: [first] },
      ]);
      assertEquals(result, ["b changed", "c added", "a gone"]);
      assertEquals(plane.control.listeners().map((each) => [each.app, formatAddress(each.address)]), [
        ["b", two],
        ["c", three],
      ]);
      assertEquals(await answerOf(two), 1);
      assertEquals(await answerOf(three), 0);
      await assertRejects(() => answerOf(one), Deno.errors.ConnectionRefused);
    });
  });

  Deno.test(`${name}.reload: a port that is taken is named, and nothing changes`, async () => {
    await using fleet = new Fleet(2);
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const [first, second] = fleet.addresses;
    const app = { name: "a", listen: [`127.0.0.1:${freePort()}`], targets: [first] };
    await withPlane(start, { apps: [app] }, async (plane) => {
      const other = `127.0.0.1:${taken.addr.port}`;
      const result = await plane.control.reload(configOf({
        apps: [{ ...app, targets: [second] }, { name: "b", listen: [other], targets: [second] }],
      }));
      assertStrictEquals(result.kind, "refused");
      if (result.kind === "refused") {
        assertStringIncludes(result.problems[0]?.message ?? "", `start app "b": listen on ${other}`);
      }
      assertEquals(plane.control.listeners().map((each) => each.app), ["a"]);
      using client = await plane.connect();
      assertEquals(await answeredBy(client), 0);
      // And the next one works.
      assertEquals(await changes(plane, [{ ...app, targets: [second] }]), ["a changed"]);
      using next = await plane.connect();
      assertEquals(await answeredBy(next), 1);
    });
  });

  Deno.test(`${name}.reload: a target that stays keeps what connections have shown of it`, async () => {
    await using target = new TestTarget(echo);
    const dead = `127.0.0.1:${freePort()}`;
    const app = {
      name: "a",
      listen: [`127.0.0.1:${freePort()}`],
      targets: [dead, target.address],
      balance: "first",
      "passive_health": { failures: 1, "eject_for": "1h" },
    };
    await withPlane(start, { apps: [app] }, async (plane) => {
      using client = await plane.connect();
      assertEquals(await exchange(client, utf8("x")), utf8("x"));
      const health = (): (string | undefined)[] =>
        plane.control.status().apps[0]?.own.targets.map((each) => each.health) ?? [];
      await plane.log.when(() => health()[0] === "ejected");
      assertEquals(await changes(plane, [{ ...app, "connect_timeout": "1s" }]), ["a changed"]);
      assertEquals(health(), ["ejected", "up"]);
    });
  });

  for (const action of ["drain", "close"] as const) {
    Deno.test(`${name}.reload: with on_reload: ${action}, connections to a target that is gone end, others go on`, async () => {
      await using fleet = new Fleet(2);
      const [first, second] = fleet.addresses;
      const app = { name: "a", listen: [`127.0.0.1:${freePort()}`] };
      const root = { "on_reload": action, shutdown: { "drain_timeout": "100ms" } };
      const apps = [{ ...app, targets: [first] }, { name: "b", targets: [second] }];
      await withPlane(start, { ...root, apps }, async (plane) => {
        const [, b] = plane.control.listeners();
        using gone = await plane.connect();
        assertEquals(await answeredBy(gone), 0);
        using stays = await connectTo(b?.address.kind === "tcp" ? b.address.port : 0, "127.0.0.2");
        assertEquals(await answeredBy(stays), 1);
        const next = configOf({ ...root, apps: [{ ...app, targets: [second] }, apps[1] ?? {}] });
        assertStrictEquals((await plane.control.reload(next)).kind, "done");
        const [session] = await plane.log.ended(1);
        assertEquals([session?.app.name, session?.reason], ["a", "drained"]);
        assertStrictEquals(session?.detail, "its app or target is no longer in the config (on_reload)");
        assertEquals(await pass(stays), "still here");
      });
    });
  }

  Deno.test(`${name}.reload: with on_reload: close, connections to a target whose settings have changed go on`, async () => {
    await using fleet = new Fleet(1);
    const app = { name: "a", listen: [`127.0.0.1:${freePort()}`] };
    const [address] = fleet.addresses;
    await withPlane(start, { apps: [{ ...app, targets: [address] }] }, async (plane) => {
      using open = await plane.connect();
      assertEquals(await answeredBy(open), 0);
      for (const settings of [{ "max_connections": 50 }, { "proxy_protocol": "v1" }]) {
        const apps = [{ ...app, targets: [{ address, ...settings }] }];
        assertEquals(await changes(plane, apps, { "on_reload": "close" }), ["a changed"]);
        assertEquals(await pass(open), "still here");
      }
    });
  });

  Deno.test(`${name}.plan: gives what a reload would change, and changes nothing`, async () => {
    await using fleet = new Fleet(2);
    const [first, second] = fleet.addresses;
    const app = { name: "a", listen: [`127.0.0.1:${freePort()}`], targets: [first] };
    await withPlane(start, { apps: [app] }, async (plane) => {
      const { diff, problems } = await plane.control.plan(
        configOf({ apps: [{ ...app, targets: [second] }] }),
      );
      assertEquals([diff.apps[0]?.change, problems], ["changed", []]);
      using client = await plane.connect();
      assertEquals(await answeredBy(client), 0);
    });
  });

  for (const how of ["drain", "stop"] as const) {
    Deno.test(`${name}.${how}: during a reload, leaves nothing that listens or checks`, async () => {
      await using target = new TestTarget(echo);
      const [first, second] = [freePort(), freePort()].map((port) => `127.0.0.1:${port}`);
      const app = { targets: [target.address], "health_check": { interval: "1h" } };
      await withPlane(start, { apps: [{ ...app, name: "a", listen: [first] }] }, async (plane) => {
        const reload = plane.control.reload(configOf({ apps: [{ ...app, name: "b", listen: [second] }] }));
        await plane.control[how]();
        assertStrictEquals((await reload).kind, "refused");
        await assertRejects(() => answerOf(first), Deno.errors.ConnectionRefused);
        await assertRejects(() => answerOf(second), Deno.errors.ConnectionRefused);
      });
    });
  }

  Deno.test(`${name}.reload: through many reloads no connection fails and every byte arrives`, async () => {
    await using target = new TestTarget(echo);
    await using other = new TestTarget(echo);
    const app = { name: "a", listen: [`127.0.0.1:${freePort()}`], targets: [target.address] };
    await withPlane(start, { apps: [app] }, async (plane) => {
      const bytes = randomBytes(2_000_000);
      using long = await plane.connect();
      let isOver = false;
      let served = 0;
      const clients = Array.from({ length: 4 }, async () => {
        while (!isOver) {
          using client = await plane.connect();
          assertEquals(await exchange(client, utf8("short")), utf8("short"));
          served++;
        }
      });
      const sending = exchange(long, bytes);
      const extra = freePort();
      for (let round = 0; round < 6; round++) {
        const extended = round % 2 === 0
          ? [{ name: "b", listen: [`127.0.0.1:${extra}`], targets: [other.address] }]
          : [];
        const targets = round % 3 === 0 ? [target.address, other.address] : [target.address];
        const result = await plane.control.reload(
          configOf({ apps: [{ ...app, targets, "idle_timeout": `${round + 1}m` }, ...extended] }),
        );
        assertStrictEquals(result.kind, "done", JSON.stringify(result));
        if (extended.length > 0) {
          using client = await connectTo(extra);
          assertEquals(await exchange(client, utf8("b")), utf8("b"));
        }
      }
      isOver = true;
      await Promise.all(clients);
      assertEquals((await sending).length, bytes.length);
      assert(served > 0);
    });
  });

  Deno.test(`${name}.reload: a unix socket is reachable all the time, one that goes is removed`, async () => {
    await using fleet = new Fleet(2);
    await using folder = new TemporaryFolder();
    const [path, extra] = [folder.file("a.sock"), folder.file("b.sock")];
    const [first, second] = fleet.addresses;
    const app = { name: "a", listen: [`unix:${path}`], targets: [first] };
    await withPlane(start, { apps: [app] }, async (plane) => {
      using open = await Deno.connect({ transport: "unix", path });
      assertEquals(await answeredBy(open), 0);
      let isOver = false;
      let served = 0;
      const clients = Array.from({ length: 3 }, async () => {
        while (!isOver) {
          using client = await Deno.connect({ transport: "unix", path });
          await answeredBy(client);
          served++;
        }
      });
      for (let round = 0; round < 4; round++) {
        const more = round % 2 === 0 ? [{ name: "b", listen: [`unix:${extra}`], targets: [first] }] : [];
        await changes(plane, [{ ...app, targets: round % 2 === 0 ? [second] : [first] }, ...more]);
        if (more.length > 0) {
          using client = await Deno.connect({ transport: "unix", path: extra });
          assertEquals(await answeredBy(client), 0);
        } else {
          await assertRejects(() => Deno.connect({ transport: "unix", path: extra }), Deno.errors.NotFound);
        }
      }
      isOver = true;
      await Promise.all(clients);
      assert(served > 0);
      assertEquals(await pass(open), "still here");
      assertEquals([...Deno.readDirSync(folder.path)].map((entry) => entry.name), ["a.sock"]);
    });
    assertEquals([...Deno.readDirSync(folder.path)], []);
  });

  Deno.test(`${name}.reload: a path that another process listens on is named, and nothing changes`, async () => {
    await using fleet = new Fleet(1);
    await using folder = new TemporaryFolder();
    const [path, taken] = [folder.file("a.sock"), folder.file("b.sock")];
    using foreign = Deno.listen({ transport: "unix", path: taken });
    const accepting = foreign.accept();
    const app = { name: "a", listen: [`unix:${path}`], targets: fleet.addresses };
    await withPlane(start, { apps: [app] }, async (plane) => {
      const result = await plane.control.reload(
        configOf({ apps: [{ ...app, listen: [`unix:${path}`, `unix:${taken}`] }] }),
      );
      const [problem] = result.kind === "refused" ? result.problems : [];
      assertStringIncludes(problem?.message ?? "none", `listen on unix:${taken}: socket file already exists`);
      using client = await Deno.connect({ transport: "unix", path });
      assertEquals(await answeredBy(client), 0);
    });
    // The look whether somebody answers there.
    (await accepting).close();
    assertEquals([...Deno.readDirSync(folder.path)].map((entry) => entry.name), ["b.sock"]);
  });

  Deno.test(`${name}.reload: listens again at a path whose file was removed`, async () => {
    await using fleet = new Fleet(1);
    await using folder = new TemporaryFolder();
    const path = folder.file("a.sock");
    const app = { name: "a", listen: [`unix:${path}`], targets: fleet.addresses };
    await withPlane(start, { apps: [app] }, async (plane) => {
      await Deno.remove(path);
      assertEquals(await changes(plane, [app]), ["a kept"]);
      using client = await Deno.connect({ transport: "unix", path });
      assertEquals(await answeredBy(client), 0);
    });
  });

  async function changes(
    plane: TestPlane,
    apps: readonly AppLiteral[],
    root: AppLiteral = {},
  ): Promise<string[]> {
    return changed(await plane.control.reload(configOf({ ...root, apps })));
  }
}

function changed(result: ReloadResult): string[] {
  if (result.kind === "refused") throw new Error(result.problems.map(({ message }) => message).join("; "));
  return result.diff.apps.map(({ name, change }) => `${name} ${change}`);
}

async function answerOf(address: string | undefined): Promise<number> {
  using client = await connectTo(Number(address?.split(":")[1]));
  return await answeredBy(client);
}

async function pass(conn: Deno.Conn): Promise<string> {
  await writeAll(conn, utf8("still here"));
  return new TextDecoder().decode(await readExactly(conn, 10));
}
