import { assertEquals } from "@std/assert";
import { resolveFaults } from "../../lib/config/mod.ts";
import { readToEnd } from "../helpers/clients.ts";
import { formatAddress } from "../../lib/base/mod.ts";
import { Dnsmasq } from "../helpers/servers/dnsmasq.ts";
import { missingTools } from "../helpers/programs/tools.ts";
import { answeredBy, Fleet } from "../helpers/proxy/fleet.ts";
import { freePort } from "../helpers/free_ports.ts";
import { type StartPlane, type TestPlane, withPlane } from "../helpers/proxy/plane.ts";
import { configOf } from "../helpers/proxy/proxy.ts";
import { answers, echoed, set, several, shown, until } from "./operations.ts";

type AppLiteral = Readonly<Record<string, unknown>>;

/** What of what an operator has set is kept through a reload. No plane deviates. */
export function testOperationsReloadContract(name: string, start: StartPlane): void {
  Deno.test(`${name}.reload: what an operator has set for a target stays, whatever else of it changes`, async () => {
    await using fleet = new Fleet(3);
    const app = { name: "a", listen: [`127.0.0.1:${freePort()}`], balance: "first" };
    const [first = "", second = ""] = fleet.addresses;
    await withPlane(start, { apps: [{ ...app, targets: fleet.addresses }] }, async (plane) => {
      await set(plane, first, { admin: "down" });
      await set(plane, second, { weight: 0 });
      const targets = fleet.addresses.map((address) => ({ address, weight: 5, "max_connections": 9 }));
      await reload(plane, [{ ...app, targets }]);
      assertEquals(shown(plane), [["down", 5, 5, "up"], ["ready", 0, 5, "up"], ["ready", 5, 5, "up"]]);
      assertEquals(await answers(plane, 6), Array(6).fill(2));
      await set(plane, first, { admin: "ready" });
      assertEquals(await answers(plane, 4), Array(4).fill(0));
      // What leaves the config is forgotten.
      await set(plane, first, { admin: "drain" });
      await reload(plane, [{ ...app, targets: targets.slice(1) }]);
      await reload(plane, [{ ...app, targets }]);
      assertEquals(shown(plane)[0], ["ready", 5, 5, "up"]);
    });
  });

  Deno.test({
    name: `${name}.reload: a discovered target stays as it was set, also when discovery loses it for a while`,
    ignore: missingTools("dnsmasq").length > 0,
    fn: async () => {
      const both = { hosts: { "db.test": ["127.0.0.11", "127.0.0.12"] } };
      await using dns = await Dnsmasq.start(both);
      const app = {
        name: "a",
        listen: [`127.0.0.1:${freePort()}`],
        targets: [{ address: "db.test:7", discover: "dns" }],
        dns: { nameserver: formatAddress(dns.nameserver), interval: "100ms" },
      };
      await withPlane(start, { apps: [app] }, async (plane) => {
        const labels = () => plane.control.status().apps[0]?.own.targets.map(({ label }) => label) ?? [];
        await until(() => labels().length === 2);
        assertEquals(
          plane.control.operations.discoveries().map(({ app, name, kind, targets, error }) => {
            return [app, name, kind, targets, error];
          }),
          [["a", "db.test:7", "dns", ["127.0.0.11:7", "127.0.0.12:7"], undefined]],
        );
        await set(plane, "127.0.0.11:7", { admin: "drain", weight: 9 });
        await reload(plane, [{ ...app, "connect_timeout": "1s" }]);
        const expected = [["drain", 9, 1, "up"], ["ready", 1, 1, "up"]];
        assertEquals(shown(plane), expected);
        await dns.answer({ hosts: { "db.test": ["127.0.0.12"] } });
        await until(() => labels().length === 1);
        await dns.answer(both);
        await until(() => labels().length === 2);
        assertEquals(shown(plane), expected);
      });
    },
  });

  Deno.test(`${name}.reload: a paused app stays paused, and who waits for it is served when it accepts again`, async () => {
    await using fleet = new Fleet(1);
    const app = { name: "a", listen: [`127.0.0.1:${freePort()}`], targets: fleet.addresses };
    await withPlane(start, { apps: [app] }, async (plane) => {
      await plane.control.operations.setPaused("a", true);
      const waiting = await several(plane, 6);
      await reload(plane, [{ ...app, "connect_timeout": "1s" }]);
      assertEquals(plane.control.status().apps[0]?.isPaused, true);
      const later = await several(plane, 4);
      assertEquals(plane.control.activeSessions(), 0);
      await plane.control.operations.setPaused("a", false);
      for (const client of [...waiting, ...later]) assertEquals(await answeredBy(client), 0);
      for (const client of [...waiting, ...later]) client.close();
    });
  });

  Deno.test(`${name}.reload: a drain does not wait for those who wait for a paused app, with a new drain_timeout`, async () => {
    await using fleet = new Fleet(1);
    const app = { name: "a", listen: [`127.0.0.1:${freePort()}`], targets: fleet.addresses };
    const root = { shutdown: { "drain_timeout": "1h" } };
    await withPlane(start, { ...root, apps: [app] }, async (plane) => {
      using live = await plane.connect();
      await answeredBy(live);
      await plane.control.operations.setPaused("a", true);
      const waiting = await several(plane, 3);
      const changed = { ...app, "connect_timeout": "1s" };
      await reload(plane, [changed], root);
      await reload(plane, [changed], { shutdown: { "drain_timeout": "50ms" } });
      await plane.control.drain();
      assertEquals((await plane.log.ended(1)).map(({ reason }) => reason), ["drained"]);
      for (const client of waiting) client.close();
    });
  });

  Deno.test(`${name}.reload: who waits for a paused app is served where its listener goes to another`, async () => {
    await using fleet = new Fleet(1);
    const listen = [`127.0.0.1:${freePort()}`];
    await withPlane(start, { apps: [{ name: "a", listen, targets: fleet.addresses }] }, async (plane) => {
      await plane.control.operations.setPaused("a", true);
      const waiting = await several(plane, 3);
      await reload(plane, [{ name: "b", listen, targets: fleet.addresses }]);
      for (const client of waiting) assertEquals(await answeredBy(client), 0);
      assertEquals(plane.control.status().apps[0]?.isPaused, false);
      for (const client of waiting) client.close();
    });
  });

  Deno.test(`${name}.reload: who waits for a place of the app's max_connections is served after it`, async () => {
    await using fleet = new Fleet(1);
    const app = {
      name: "a",
      listen: [`127.0.0.1:${freePort()}`],
      targets: fleet.addresses,
      "max_connections": 1,
    };
    await withPlane(start, { apps: [app] }, async (plane) => {
      using first = await plane.connect();
      await answeredBy(first);
      const waiting = await several(plane, 4);
      await reload(plane, [{ ...app, "connect_timeout": "1s" }]);
      first.close();
      for (const client of waiting) {
        // One after the other, in any order, as places are given back.
        void answeredBy(client).then(() => client.close());
      }
      for (let left = 5; left > 0; left--) await plane.log.ended(1);
      assertEquals(fleet.targets[0]?.accepted, 5);
    });
  });

  Deno.test(`${name}.reload: who waits for a place holds nobody up where the listener goes to another app`, async () => {
    await using fleet = new Fleet(1);
    const inner = { listen: [`127.0.0.1:${freePort()}`], targets: fleet.addresses };
    await withPlane(start, { apps: [{ name: "a", ...inner, "max_connections": 1 }] }, async (plane) => {
      using first = await plane.connect();
      await answeredBy(first);
      const waiting = await several(plane, 3);
      await reload(plane, [{ name: "b", ...inner }]);
      using later = await plane.connect();
      assertEquals(await answeredBy(later), 0);
      first.close();
      // In any order: those that other threads have accepted go on waiting for a place of the app before.
      await Promise.all(waiting.map(async (client) => {
        assertEquals(await answeredBy(client), 0);
        client.close();
      }));
    });
  });

  Deno.test(`${name}.reload: with on_reload: close, who waits for a place of an app that is gone does not stay with it`, async () => {
    await using fleet = new Fleet(1);
    const inner = { listen: [`127.0.0.1:${freePort()}`], targets: fleet.addresses };
    const root = { "on_reload": "close" };
    await withPlane(
      start,
      { ...root, apps: [{ name: "a", ...inner, "max_connections": 1 }] },
      async (plane) => {
        using first = await plane.connect();
        await answeredBy(first);
        const waiting = await several(plane, 3);
        await reload(plane, [{ name: "b", ...inner }], root);
        // The next app answers; or the one before, whose session then ends.
        for (const client of waiting) await client.read(new Uint8Array(1));
        await until(async () => {
          const query = { filter: { app: "a" }, sort: "id", order: "asc", limit: 1 } as const;
          return (await plane.control.operations.sessions(query)).matched === 0;
        });
        for (const client of waiting) client.close();
      },
    );
  });

  Deno.test(`${name}.reload: faults that an operator has set stay, and can be removed`, async () => {
    await using fleet = new Fleet(1);
    const app = { name: "a", listen: [`127.0.0.1:${freePort()}`], targets: fleet.addresses };
    await withPlane(start, { apps: [app] }, async (plane) => {
      const { operations } = plane.control;
      await operations.setFaults("a", resolveFaults([{ kind: "refuse" }]));
      await reload(plane, [{ ...app, "connect_timeout": "1s" }]);
      assertEquals(plane.control.status().apps[0]?.faults.map(({ source }) => source), ["api"]);
      for (let left = 4; left > 0; left--) {
        using client = await plane.connect();
        await readToEnd(client);
      }
      assertEquals((await plane.log.ended(4)).map(({ reason }) => reason), Array(4).fill("killed"));
      await operations.setFaults("a", []);
      assertEquals(await answers(plane, 4), Array(4).fill(0));
    });
  });

  Deno.test(`${name}.reload: sessions of the config before it are listed, and can be ended`, async () => {
    await using fleet = new Fleet(2);
    const app = { name: "a", listen: [`127.0.0.1:${freePort()}`], "on_target_down": "keep" };
    const [first = "", second = ""] = fleet.addresses;
    await withPlane(start, { apps: [{ ...app, targets: [first] }] }, async (plane) => {
      const old = await several(plane, 4);
      for (const client of old) await answeredBy(client);
      await reload(plane, [{ ...app, targets: [second] }]);
      using fresh = await plane.connect();
      assertEquals(await answeredBy(fresh), 1);
      const query = { filter: { target: first }, sort: "id", order: "asc", limit: 10 } as const;
      const { operations } = plane.control;
      const list = await operations.sessions(query);
      assertEquals([list.total, list.matched, list.incomplete], [5, 4, []]);
      assertEquals((await operations.endSessions({ id: list.sessions[0]?.id })).ended, 1);
      assertEquals((await operations.endSessions(query.filter)).ended, 3);
      assertEquals((await plane.log.ended(4)).map(({ reason }) => reason), Array(4).fill("killed"));
      assertEquals(await echoed(fresh, "on"), "on");
      for (const client of old) client.close();
    });
  });

  Deno.test(`${name}.reload: a target taken down later ends its sessions of the config before, too`, async () => {
    await using fleet = new Fleet(1);
    const app = { name: "a", listen: [`127.0.0.1:${freePort()}`] };
    const [first = ""] = fleet.addresses;
    await withPlane(start, { apps: [{ ...app, targets: [first] }] }, async (plane) => {
      const old = await several(plane, 3);
      for (const client of old) await answeredBy(client);
      await reload(plane, [{ ...app, targets: [{ address: first, "max_connections": 50 }] }]);
      assertEquals(await set(plane, first, { admin: "down" }), { ended: 3, incomplete: [] });
      assertEquals((await plane.log.ended(3)).map(({ reason }) => reason), Array(3).fill("target_down"));
      for (const client of old) client.close();
      await until(() => plane.control.activeSessions() === 0);
    });
  });
}

async function reload(plane: TestPlane, apps: readonly AppLiteral[], root: AppLiteral = {}): Promise<void> {
  const result = await plane.control.reload(configOf({ ...root, apps }));
  if (result.kind === "refused") throw new Error(result.problems[0]?.message);
}
