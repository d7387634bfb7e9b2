import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { resolveFaults } from "../../lib/config/mod.ts";
import { activeOf, type AppCount } from "../../lib/metrics/mod.ts";
import { StartError } from "../../lib/proxy/mod.ts";
import { type Sandbox, WorkerProxy, type WorkerProxyOptions } from "../../lib/workers/mod.ts";
import { utf8 } from "../helpers/bytes.ts";
import { connectTo, exchange, readExactly, readToEnd, writeAll } from "../helpers/clients.ts";
import { freePort } from "../helpers/free_ports.ts";
import { hasLinuxSockets } from "../helpers/connections/linux_transport.ts";
import { PlaneLog, type StartPlane, withPlane } from "../helpers/proxy/plane.ts";
import { configOf } from "../helpers/proxy/proxy.ts";
import { assertShown, renew } from "../helpers/tls/renewal.ts";
import { echo, TestTarget } from "../helpers/targets.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { terminating, testTls } from "../helpers/tls/tls_app.ts";
import { MORTAL, withMortals } from "./threads/mortals.ts";

const NOTHING: Sandbox = {
  net: [],
  read: false,
  write: false,
  env: false,
  ffi: false,
  import: false,
  run: false,
  sys: false,
};

/** Whether workers use the kernel's own calls. */
const ENGINES: readonly boolean[] = hasLinuxSockets ? [false, true] : [false];

function named(native: boolean): string {
  return native ? ", native" : "";
}

function plane(options: Partial<WorkerProxyOptions> = {}): StartPlane {
  return (config, observer) => WorkerProxy.start(config, { workers: 2, observer, ...options });
}

Deno.test("WorkerProxy: the runtime refuses targets outside the sandbox", async () => {
  await using named = new TestTarget(echo);
  await using other = new TestTarget(echo);
  const listen = freePort();
  const permissions = { ...NOTHING, net: [`127.0.0.1:${listen}`, named.address] };
  const app = { listen: [`127.0.0.1:${listen}`], targets: [other.address, named.address], balance: "first" };
  await withPlane(plane({ permissions }), { apps: [app] }, async (proxy) => {
    using client = await proxy.connect();
    assertEquals(await exchange(client, utf8("x")), utf8("x"));
    const [session] = await proxy.log.ended(1);
    assertEquals(session?.failures.map(({ target, code }) => [target.label, code]), [[
      other.address,
      "NOT_CAPABLE",
    ]]);
    assertEquals([session?.target?.label, session?.tries], [named.address, 2]);
  });
  assertStrictEquals(other.accepted, 0);
});

Deno.test("WorkerProxy: a listener outside the sandbox fails the start with a message", async () => {
  const config = configOf({ apps: [{ name: "a", targets: ["127.0.0.1:1"] }] });
  const error = await assertRejects(
    () => plane({ permissions: NOTHING })(config, new PlaneLog()),
    StartError,
  );
  assert(
    /^start app "a": listen on 127\.0\.0\.1:\d+: not permitted by the runtime/.test(error.message),
    error.message,
  );
});

Deno.test("WorkerProxy: a module that cannot be loaded fails the start with a message", async () => {
  const { startError } = await runDeaths("./nothing_here.ts", `127.0.0.1:${freePort()}`);
  assert(startError?.startsWith("start workers: "), startError);
});

Deno.test("WorkerProxy: a worker that dies is replaced, the others go on, and what it held is released", async () => {
  await using target = new TestTarget(echo);
  const app = {
    targets: [{ address: target.address, "max_connections": 8 }],
    "max_connections": 8,
    "max_connections_per_client": 8,
    "queue_timeout": "1m",
  };
  await withMortals((kill) =>
    withPlane(plane({ module: MORTAL }), { apps: [app] }, async (proxy) => {
      const clients = await Promise.all(Array.from({ length: 8 }, async () => {
        const client = await proxy.connect();
        await writeAll(client, utf8("x"));
        await readExactly(client, 1);
        return client;
      }));
      kill(0);
      await proxy.log.when(() => proxy.log.restarts.length === 1);
      const [death] = proxy.log.deaths;
      assertEquals([death?.worker, death?.restartMs, proxy.log.restarts], [1, 100, [1]]);
      assert(death?.message.includes("die"));
      // Those of the other worker are as they were.
      assertStrictEquals(proxy.control.activeSessions(), 8 - (death?.sessions ?? 0));
      for (const client of clients) client.close();
      await proxy.log.ended(8 - (death?.sessions ?? 0));
      // All places are there again, those of the dead too: it takes all of them to serve eight at once.
      await Promise.all(Array.from({ length: 8 }, async () => {
        using client = await proxy.connect();
        assertEquals(await exchange(client, utf8("y")), utf8("y"));
      }));
      assertStrictEquals(proxy.log.deaths.length, 1);
    })
  );
});

Deno.test("WorkerProxy: a unix socket whose worker dies is reachable again when that is replaced", async () => {
  await using target = new TestTarget(echo);
  await using folder = new TemporaryFolder();
  const path = folder.file("s");
  await withMortals((kill) =>
    withPlane(
      plane({ module: MORTAL }),
      { apps: [{ listen: [`unix:${path}`], targets: [target.address] }] },
      async (proxy) => {
        kill(0);
        await proxy.log.when(() => proxy.log.restarts.length === 1);
        using client = await Deno.connect({ transport: "unix", path });
        assertEquals(await exchange(client, utf8("x")), utf8("x"));
        assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["s"]);
      },
    )
  );
  assertEquals([...Deno.readDirSync(folder.path)], []);
});

for (const native of ENGINES) {
  Deno.test(`WorkerProxy: long connections that arrive one by one are spread evenly${named(native)}`, async () => {
    await using target = new TestTarget(echo);
    await withMortals((kill) =>
      withPlane(
        plane({ native, module: MORTAL }),
        { apps: [{ targets: [target.address] }] },
        async (proxy) => {
          const clients: Deno.TcpConn[] = [];
          for (let i = 0; i < 20; i++) {
            const client = await proxy.connect();
            await writeAll(client, utf8("x"));
            await readExactly(client, 1);
            clients.push(client);
          }
          kill(0);
          await proxy.log.when(() => proxy.log.deaths.length === 1);
          const dead = proxy.log.deaths[0]?.sessions ?? 0;
          assert(dead >= 8 && dead <= 12, `one of two workers had ${dead} of 20`);
          for (const client of clients) client.close();
        },
      )
    );
  });
}

for (const native of ENGINES) {
  Deno.test(`WorkerProxy: clients that arrive while a worker is dead are served by the others${named(native)}`, async () => {
    await using target = new TestTarget(echo);
    await withMortals((kill) =>
      withPlane(
        plane({ native, module: MORTAL }),
        { apps: [{ targets: [target.address] }] },
        async (proxy) => {
          kill(1);
          await proxy.log.when(() => proxy.log.deaths.length === 1);
          for (let i = 0; i < 8; i++) {
            using client = await proxy.connect();
            assertEquals(await exchange(client, utf8("x")), utf8("x"));
          }
          assertEquals(
            (await proxy.log.ended(8)).map(({ reason }) => reason),
            Array(8).fill("client_closed"),
          );
        },
      )
    );
  });
}

Deno.test("WorkerProxy: a worker that dies of an uncaught error is replaced, and no longer counts as paused", async () => {
  const listen = `127.0.0.1:${freePort()}`;
  const { deaths, pauses, resumes } = await runDeaths("./pausing_entry.ts", listen);
  assertEquals(deaths, [
    { worker: 1, sessions: 0, restartMs: 100, message: "Uncaught Error: die" },
    { worker: 1, sessions: 0, restartMs: 200, message: "Uncaught Error: die" },
  ]);
  assertEquals(pauses, [listen, listen]);
  assertEquals(resumes, pauses);
});

Deno.test("WorkerProxy: a worker that dies during a reload is not started again with what is gone", async () => {
  await using target = new TestTarget(echo);
  const apps = ["a", "b"].map((name) => ({
    name,
    listen: [`127.0.0.1:${freePort()}`],
    targets: [target.address],
  }));
  await withMortals((kill, hold) =>
    withPlane(plane({ module: MORTAL }), { apps: apps.slice(0, 1) }, async (proxy) => {
      kill(0);
      await proxy.log.when(() => proxy.log.deaths.length === 1);
      // The new workers (2 and 3) cannot bind before the replacement (4) has loaded.
      const held = hold([2, 3]);
      const reload = proxy.control.reload(configOf({ apps: apps.slice(1) }));
      await held.loaded(4);
      held.release();
      assertStrictEquals((await reload).kind, "done");
      using client = await proxy.connect();
      assertEquals(await exchange(client, utf8("x")), utf8("x"));
    })
  );
});

Deno.test("WorkerProxy.metrics: what a worker that died had counted stays, its connections count as ended by error", async () => {
  await using target = new TestTarget(echo);
  await withMortals((kill) =>
    withPlane(
      plane({ module: MORTAL }),
      { apps: [{ name: "a", targets: [target.address] }] },
      async (proxy) => {
        const clients = await Promise.all(Array.from({ length: 6 }, async () => {
          const client = await proxy.connect();
          await writeAll(client, utf8("x"));
          await readExactly(client, 1);
          return client;
        }));
        const count = async (): Promise<AppCount | undefined> =>
          (await proxy.control.metrics()).counters.apps.get("a");
        await untilTrue(async () => (await count())?.bytesDown === 6);
        kill(0);
        await proxy.log.when(() => proxy.log.restarts.length === 1);
        const [death] = proxy.log.deaths;
        const lost = death?.sessions ?? 0;
        const { counters: { apps }, workers } = await proxy.control.metrics();
        assertEquals(workers, { count: 2, deaths: 1, restarts: 1 });
        const app = apps.get("a");
        assertEquals([app?.accepted, app?.bytesUp], [6, 6]);
        assertEquals([app?.ended.error ?? 0, app && activeOf(app)], [lost, 6 - lost]);
        assertEquals(app?.targets.get(target.address)?.active, 6 - lost);
        for (const client of clients) client.close();
        await proxy.log.ended(6 - lost);
        const last = await count();
        assertEquals([last?.accepted, last && activeOf(last)], [6, 0]);
      },
    )
  );
});

Deno.test("WorkerProxy: can be drained when all workers are dead", async () => {
  await withMortals((kill) =>
    withPlane(plane({ module: MORTAL }), { apps: [{ targets: ["127.0.0.1:1"] }] }, async (proxy) => {
      kill(0);
      kill(1);
      await proxy.log.when(() => proxy.log.deaths.length === 2);
      await proxy.control.drain();
    })
  );
});

Deno.test("WorkerProxy: a worker that takes the place of a dead one has what an operator has set", async () => {
  await using first = new TestTarget(echo);
  await using second = new TestTarget(echo);
  const apps = [
    { name: "a", targets: [first.address, second.address], balance: "first" },
    { name: "b", targets: [first.address] },
    { name: "c", targets: [first.address] },
  ];
  await withMortals((kill) =>
    withPlane(plane({ module: MORTAL }), { apps }, async (proxy) => {
      const { operations } = proxy.control;
      await operations.setTarget({ app: "a", label: first.address }, { admin: "down" });
      await operations.setPaused("b", true);
      await operations.setFaults("c", resolveFaults([{ kind: "refuse" }]));
      kill(0);
      kill(1);
      await proxy.log.when(() => proxy.log.restarts.length === 2);
      const [, b, c] = proxy.control.listeners().map(({ address }) =>
        address.kind === "tcp" ? address.port : 0
      );
      for (let left = 4; left > 0; left--) {
        using client = await proxy.connect();
        assertEquals(await exchange(client, utf8("x")), utf8("x"));
        using refused = await connectTo(c ?? 0, "127.0.0.3");
        await readToEnd(refused);
      }
      using waiting = await connectTo(b ?? 0, "127.0.0.2");
      await proxy.log.ended(8);
      assertEquals([first.accepted, second.accepted, proxy.control.activeSessions()], [0, 4, 0]);
      await operations.setPaused("b", false);
      assertEquals(await exchange(waiting, utf8("x")), utf8("x"));
    })
  );
});

Deno.test("WorkerProxy: expired faults stay expired in a replacement worker", async () => {
  await using target = new TestTarget(echo);
  const app = { targets: [target.address], faults: [{ kind: "refuse", expires: "1s" }] };
  await withMortals((kill) =>
    withPlane(plane({ module: MORTAL }), { apps: [app] }, async (proxy) => {
      const reasons = async (): Promise<Set<string | undefined>> => {
        for (let count = 0; count < 6; count++) {
          using client = await proxy.connect();
          await client.closeWrite();
          await readToEnd(client);
        }
        return new Set((await proxy.log.ended(6)).map(({ reason }) => reason));
      };
      const served = new Set(["client_closed"]);
      await untilTrue(async () => (await reasons()).isSubsetOf(served));
      kill(0);
      kill(1);
      await proxy.log.when(() => proxy.log.restarts.length === 2);
      assertEquals(await reasons(), served);
    })
  );
});

testTls("WorkerProxy: a worker that takes the place of a dead one has the new certificates", async (lab) => {
  await using target = new TestTarget(echo);
  const app = { ...terminating(lab), targets: [target.address] };
  await withMortals((kill) =>
    withPlane(plane({ module: MORTAL }), { apps: [app] }, async (proxy) => {
      const before = renew(lab);
      assertStrictEquals((await proxy.control.reload()).kind, "done");
      kill(0);
      await proxy.log.when(() => proxy.log.restarts.length === 1);
      await assertShown(proxy.port, before);
      // One that dies, and is started, while a reload goes on.
      const after = renew(lab);
      kill(1);
      assertStrictEquals((await proxy.control.reload()).kind, "done");
      await proxy.log.when(() => proxy.log.restarts.length === 2);
      await assertShown(proxy.port, after);
    })
  );
});

testTls(
  "WorkerProxy: when one worker refuses new certificates, all keep the old ones",
  async (lab) => {
    await using target = new TestTarget(echo);
    const app = { ...terminating(lab), targets: [target.address] };
    const module = new URL("./threads/stubborn_entry.ts", import.meta.url);
    await withPlane(plane({ module }), { apps: [app] }, async (proxy) => {
      renew(lab);
      const result = await proxy.control.reload();
      assertEquals(result.kind === "refused" && result.problems.map(({ app, message }) => [app, message]), [[
        undefined,
        "reload: worker 2: it will not",
      ]]);
      await assertShown(proxy.port, lab.ca);
    });
  },
);

Deno.test("WorkerProxy: with only notable sessions requested, reports no others", async () => {
  await using target = new TestTarget(echo);
  const unreachable = freePort();
  const root = {
    apps: [{ targets: [target.address] }, {
      name: "none",
      targets: ["127.0.0.1:1"],
      listen: [`127.0.0.1:${unreachable}`],
    }],
  };
  await withPlane(plane({ sessions: "notable" }), root, async (proxy) => {
    using client = await proxy.connect();
    assertEquals(await exchange(client, utf8("x")), utf8("x"));
    await proxy.underWay(0);
    using other = await connectTo(unreachable);
    await readToEnd(other);
    const [session] = await proxy.log.ended(1);
    assertEquals([session?.app.name, session?.reason], ["none", "no_target"]);
  });
});

Deno.test("WorkerProxy: which sessions are reported can be changed while it runs, for replacements of workers too", async () => {
  await using target = new TestTarget(echo);
  const port = freePort();
  const app = { targets: [target.address], listen: [`127.0.0.1:${port}`] };
  const log = new PlaneLog();
  const options = { workers: 2, observer: log, sessions: "notable" } as const;
  const control = await WorkerProxy.start(configOf({ apps: [app] }), options);
  try {
    /** Ends sessions of so many bytes until one is reported; a worker hears of the change a little later. */
    const reported = async (bytes: number): Promise<void> => {
      let isReported = false;
      const waiting = (async (): Promise<void> => {
        for (;;) if ((await log.outcome()).up.bytes === bytes) break;
        isReported = true;
      })();
      while (!isReported) {
        using client = await connectTo(port);
        await exchange(client, new Uint8Array(bytes));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await waiting;
    };
    control.reportSessions("all");
    await reported(1);
    // New workers start with what was asked for last.
    const next = configOf({ apps: [{ ...app, connect_timeout: "4s" }] });
    assertEquals((await control.reload(next)).kind, "done");
    await reported(2);
  } finally {
    await control.stop();
  }
});

/** What `deaths_child.ts` prints. */
interface DeathsHeard extends Partial<Pick<PlaneLog, "deaths" | "pauses" | "resumes">> {
  readonly startError?: string;
}

async function runDeaths(module: string, listen: string): Promise<DeathsHeard> {
  const child = new URL("./threads/deaths_child.ts", import.meta.url);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--allow-all", child.href, module, listen],
    stdin: "null",
  }).output();
  assertStrictEquals(code, 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

async function untilTrue(isSo: () => Promise<boolean>): Promise<void> {
  while (!await isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
}
