import { assertEquals, assertStrictEquals } from "@std/assert";
import { utf8 } from "../../helpers/bytes.ts";
import { exchange, readToEnd } from "../../helpers/clients.ts";
import { type TestProxy, withProxy } from "../../helpers/proxy/proxy.ts";
import { echo, refusingAddress, resettingTarget, TestTarget } from "../../helpers/targets.ts";
import { until } from "../../helpers/until.ts";

const PASSIVE = { failures: 2, "eject_for": "1h", "max_ejected": "100%" };

/** One connection's dials and reason, whatever becomes of it. */
async function attempt(proxy: TestProxy): Promise<[tries: number, reason: string | undefined]> {
  using client = await proxy.connect();
  await readToEndOf(client);
  const session = await proxy.outcome();
  return [session.tries, session.reason];
}

async function readToEndOf(client: Deno.Conn): Promise<void> {
  await client.closeWrite();
  await readToEnd(client);
}

Deno.test("passive_health: a target that refuses twice is ejected; without it, it is dialed each time", async () => {
  await using target = new TestTarget(echo);
  const dead = refusingAddress();
  for (const passive of [PASSIVE, "off"]) {
    const app = { targets: [dead, target.address], balance: "first", "passive_health": passive };
    await withProxy(app, async (proxy) => {
      const tries: number[] = [];
      for (let count = 0; count < 4; count++) {
        using client = await proxy.connect();
        assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
        tries.push((await proxy.outcome()).tries);
      }
      assertEquals(tries, passive === "off" ? [2, 2, 2, 2] : [2, 2, 1, 1]);
      assertEquals(proxy.log.targetChanges, passive === "off" ? [] : [`app-1 ${dead} ejected`]);
    });
  }
});

Deno.test("passive_health: a target that resets before its first byte twice is ejected", async () => {
  await using target = new TestTarget(echo);
  await using bad = await resettingTarget((socket, reset) => void socket.once("data", reset));
  const app = { targets: [bad.address, target.address], balance: "first", "passive_health": PASSIVE };
  await withProxy(app, async (proxy) => {
    for (let count = 0; count < 2; count++) {
      using client = await proxy.connect();
      await client.write(utf8("hello"));
      await readToEnd(client);
      assertStrictEquals((await proxy.outcome()).reason, "target_reset");
    }
    await until(() => proxy.log.targetChanges.length > 0);
    assertEquals(proxy.log.targetChanges, [`app-1 ${bad.address} ejected`]);
    using client = await proxy.connect();
    assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
  });
});

Deno.test("passive_health: the last target is never ejected", async () => {
  const [first, second] = [refusingAddress(), refusingAddress()];
  const app = { targets: [first, second], balance: "first", "passive_health": PASSIVE };
  await withProxy(app, async (proxy) => {
    const outcomes: [number, string | undefined][] = [];
    for (let count = 0; count < 5; count++) outcomes.push(await attempt(proxy));
    // One of the two goes after its second failure, the other one stays.
    assertEquals(outcomes, [2, 2, 1, 1, 1].map((tries) => [tries, "no_target"]));
    assertEquals(proxy.log.targetChanges, [`app-1 ${first} ejected`]);
  });
});

Deno.test("passive_health: an ejected target returns after eject_for", async () => {
  await using target = new TestTarget(echo);
  const dead = refusingAddress();
  const passive = { ...PASSIVE, "eject_for": "20ms" };
  await withProxy(
    { targets: [dead, target.address], balance: "first", passive_health: passive },
    async (proxy) => {
      for (let count = 0; count < 2; count++) await attempt(proxy);
      await until(() => proxy.log.targetChanges.length >= 2);
      assertEquals(proxy.log.targetChanges.slice(0, 2), [`app-1 ${dead} ejected`, `app-1 ${dead} returned`]);
      await using _again = new TestTarget(echo, { port: Number(dead.split(":")[1]) });
      assertStrictEquals((await attempt(proxy))[0], 1);
    },
  );
});
