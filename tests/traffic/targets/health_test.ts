import { assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { utf8 } from "../../helpers/bytes.ts";
import { exchange, readExactly, readToEnd, writeAll } from "../../helpers/clients.ts";
import { freePort } from "../../helpers/free_ports.ts";
import { answeredBy, Fleet } from "../../helpers/proxy/fleet.ts";
import { withProxy } from "../../helpers/proxy/proxy.ts";
import { echo, neverAnswering, TestTarget } from "../../helpers/targets.ts";
import { until } from "../../helpers/until.ts";

/** One answer that is late on a busy machine is not three in a row. */
const CHECKS = { interval: "50ms", timeout: "50ms", rise: 1, fall: 3 };

/** A service whose health a test says: it is there to be checked, and carries no connections. */
class Beacon implements AsyncDisposable {
  readonly port: number;
  #target: TestTarget | undefined;

  constructor() {
    this.#target = new TestTarget(neverAnswering);
    this.port = this.#target.port;
  }

  async goDown(): Promise<void> {
    await this.#target?.[Symbol.asyncDispose]();
    this.#target = undefined;
  }

  goUp(): void {
    this.#target = new TestTarget(neverAnswering, { port: this.port });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.goDown();
  }
}

Deno.test("health_check: a target that goes down is avoided until it is up again, and each change is reported once", async () => {
  const target = new TestTarget(echo);
  await using other = new TestTarget(echo);
  const app = { targets: [target.address, other.address], balance: "first" };
  await withProxy({ ...app, health_check: CHECKS }, async (proxy) => {
    const { targetChanges } = proxy.log;
    const ask = async (): Promise<[string | undefined, number]> => {
      using client = await proxy.connect();
      await exchange(client, utf8("hello"));
      const session = await proxy.outcome();
      return [session.target?.label, session.tries];
    };
    assertEquals(await ask(), [target.address, 1]);
    await target[Symbol.asyncDispose]();
    await until(() => targetChanges.length > 0);
    for (let count = 0; count < 5; count++) assertEquals(await ask(), [other.address, 1]);
    assertEquals(targetChanges, [`app-1 ${target.address} down`]);

    await using _again = new TestTarget(echo, { port: target.port });
    await until(() => targetChanges.length > 1);
    assertEquals(await ask(), [target.address, 1]);
    assertEquals(targetChanges, [`app-1 ${target.address} down`, `app-1 ${target.address} up`]);
  });
});

Deno.test("health_check: a target is checked as it says itself, or not at all", async () => {
  await using beacon = new Beacon();
  await using answering = new TestTarget(echo);
  await using silent = new TestTarget(neverAnswering);
  const app = { ...CHECKS, send: "x", expect: "x" };
  const targets = [
    { address: answering.address, health_check: { port: beacon.port, type: "tcp" } },
    { address: silent.address, health_check: "off" },
  ];
  await withProxy({ targets, health_check: app, balance: "first" }, async (proxy) => {
    const { targetChanges } = proxy.log;
    await beacon.goDown();
    await until(() => targetChanges.length > 0);
    assertEquals(targetChanges, [`app-1 ${answering.address} down`]);
    assertEquals(answering.accepted, 0);
    assertEquals(silent.accepted, 0);
  });
});

Deno.test("health_check: steps follow each other, and the message says which one failed", async () => {
  await using target = new TestTarget(async (conn) => {
    await readExactly(conn, 4);
    await writeAll(conn, utf8("+OK\r\n"));
    await readExactly(conn, 4);
    await writeAll(conn, utf8("-LOADING\r\n"));
    await readToEnd(conn);
  });
  const steps = [{ send: "AUTH", expect: "+OK\\r\\n" }, { send: "PING" }, {
    expect: "+PONG",
    expect_not: "/^-.*\\r\\n/",
  }];
  await withProxy({ targets: [target.address], health_check: { ...CHECKS, steps } }, async (proxy) => {
    await until(() => proxy.log.targetChanges.length > 0);
    assertEquals(proxy.log.changeDetails, ['step 3: the target answered "-LOADING\\r\\n"']);
  });
});

Deno.test("health_check: without it a target that is down is dialed each time", async () => {
  const target = new TestTarget(echo);
  await using other = new TestTarget(echo);
  await target[Symbol.asyncDispose]();
  await withProxy({ targets: [target.address, other.address], balance: "first" }, async (proxy) => {
    for (let count = 0; count < 3; count++) {
      using client = await proxy.connect();
      await exchange(client, utf8("hello"));
      assertStrictEquals((await proxy.outcome()).tries, 2);
    }
    assertEquals(proxy.log.targetChanges, []);
  });
});

Deno.test("health_check: with all targets down all are tried", async () => {
  await using beacon = new Beacon();
  await using target = new TestTarget(echo);
  const health = { ...CHECKS, port: beacon.port };
  await withProxy({ targets: [target.address], health_check: health }, async (proxy) => {
    await beacon.goDown();
    await until(() => proxy.log.targetChanges.length > 0);
    using client = await proxy.connect();
    assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
  });
});

Deno.test("health_check: backups are used while the primaries are down", async () => {
  const primary = new TestTarget(echo);
  await using fleet = new Fleet(1);
  const [backup = ""] = fleet.addresses;
  const app = { targets: [primary.address, { address: backup, backup: true }], "health_check": CHECKS };
  await withProxy(app, async (proxy) => {
    await primary[Symbol.asyncDispose]();
    await until(() => proxy.log.targetChanges.length > 0);
    using client = await proxy.connect();
    assertStrictEquals(await answeredBy(client), 0);
    await client.closeWrite();
    const session = await proxy.outcome();
    assertEquals([session.target?.label, session.tries], [backup, 1]);
  });
});

for (const action of ["close", "keep"] as const) {
  Deno.test(`on_target_down: ${action} ${action === "close" ? "ends" : "keeps"} the sessions of a target that goes down`, async () => {
    await using beacon = new Beacon();
    await using target = new TestTarget(echo);
    const health = { ...CHECKS, port: beacon.port };
    const app = { targets: [target.address], "health_check": health, "on_target_down": action };
    await withProxy(app, async (proxy) => {
      using client = await proxy.connect();
      await writeAll(client, utf8("before"));
      await readExactly(client, 6);
      await beacon.goDown();
      await until(() => proxy.log.targetChanges.length > 0);
      if (action === "close") {
        assertStrictEquals((await proxy.outcome()).reason, "target_down");
        assertStrictEquals(await readToEnd(client), "fin");
        return;
      }
      assertEquals(await exchange(client, utf8("after")), utf8("after"));
      assertStrictEquals((await proxy.outcome()).reason, "client_closed");
    });
  });
}

Deno.test("on_target_down: close leaves the sessions of other targets alone", async () => {
  await using target = new TestTarget(echo);
  const dying = new TestTarget(echo);
  const app = { targets: [target.address, dying.address], balance: "first", "on_target_down": "close" };
  await withProxy({ ...app, health_check: CHECKS }, async (proxy) => {
    using client = await proxy.connect();
    await writeAll(client, utf8("before"));
    await readExactly(client, 6);
    await dying[Symbol.asyncDispose]();
    await until(() => proxy.log.targetChanges.length > 0);
    assertEquals(await exchange(client, utf8("after")), utf8("after"));
    assertStrictEquals((await proxy.outcome()).reason, "client_closed");
  });
});

Deno.test("health_check: a target that is named several times is checked once, and its changes are reported once", async () => {
  const [one, two] = [new TestTarget(echo), new TestTarget(echo)];
  const targets = [one.address, two.address];
  const routes = ["a.test", "b.test"].map((name) => ({ sni: [name], targets }));
  const app = { targets: [...targets, one.address], routes };
  await withProxy({ ...app, health_check: { interval: "1h", timeout: "5s", fall: 1 } }, async (proxy) => {
    await Promise.all([one.connections(1), two.connections(1)]);
    // What was checked at the start has been by the time that a client is served.
    using client = await proxy.connect();
    await exchange(client, utf8("no TLS, so that no route takes it"));
    await proxy.outcome();
    assertEquals(one.accepted + two.accepted, 3);
  });
  await withProxy({ ...app, health_check: CHECKS }, async (proxy) => {
    const { targetChanges } = proxy.log;
    await two[Symbol.asyncDispose]();
    await until(() => targetChanges.length > 0);
    await one[Symbol.asyncDispose]();
    await until(() => targetChanges.length > 1);
    assertEquals(targetChanges, [two, one].map(({ address }) => `app-1 ${address} down`));
    const [status] = proxy.proxy.status().apps;
    const pools = [status?.own, ...(status?.routes ?? []).map(({ pool }) => pool)];
    assertEquals(
      pools.flatMap((pool) => pool?.targets ?? []).map(({ health }) => health),
      Array(7).fill("down"),
    );
  });
});

Deno.test("health_check: a failed check of another port says which", async () => {
  await using target = new TestTarget(echo);
  const port = freePort();
  const health = { ...CHECKS, port, fall: 1 };
  await withProxy({ targets: [target.address], "health_check": health }, async ({ log }) => {
    await until(() => log.changeDetails.length > 0);
    assertMatch(log.changeDetails[0] ?? "", new RegExp(`^port ${port}: Connection refused`));
  });
});
