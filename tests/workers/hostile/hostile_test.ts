import { assert, assertEquals } from "@std/assert";
import { WorkerProxy } from "../../../lib/workers/mod.ts";
import { connectTo, readExactly, writeAll } from "../../helpers/clients.ts";
import { hasLinuxSockets } from "../../helpers/connections/linux_transport.ts";
import { configOf } from "../../helpers/proxy/proxy.ts";
import { PlaneLog, TestPlane } from "../../helpers/proxy/plane.ts";
import { freePort } from "../../helpers/free_ports.ts";
import { echo as echoing, TestTarget } from "../../helpers/targets.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";
import { utf8 } from "../../helpers/bytes.ts";
import { canConfine } from "../../helpers/connections/can_confine.ts";
import type { Order } from "./hostile_entry.ts";
import { outcomeOf, type Outcomes } from "./runtime_attacks.ts";

const HOSTILE = new URL("./hostile_entry.ts", import.meta.url);

Deno.test({
  name: "hostile code in a worker of the runtime: every escape is refused, and traffic goes on",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withHostileWorkers({ workers: 2 }, async (attack) => {
      for (const outcomes of await attack("runtime")) assertRefused(outcomes, 65);
    }),
});

Deno.test({
  name: "hostile code in a native worker: the kernel refuses every escape, and traffic goes on",
  ignore: !hasLinuxSockets || !canConfine(),
  fn: () =>
    withHostileWorkers({ workers: 2, native: true }, async (attack) => {
      for (const outcomes of await attack("kernel")) {
        const { "connect to the target": allowed, ...others } = outcomes;
        // Otherwise the others would say nothing.
        assertEquals(allowed, "done: 0");
        assertRefused(others, 70);
      }
    }),
});

Deno.test("outcomeOf: what is done is distinguished from what is refused and from what fails by itself", async () => {
  assertEquals(await outcomeOf(() => 7), "done: 7");
  assertEquals(await outcomeOf(() => Promise.reject(new Deno.errors.NotCapable("x"))), "refused");
  assertEquals(
    await outcomeOf(() => Promise.reject(new Deno.errors.ConnectionRefused("x"))),
    "ConnectionRefused: x",
  );
});

type Attack = (means: Order["means"]) => Promise<Outcomes[]>;

/** Runs a proxy whose workers have hostile code in them. */
async function withHostileWorkers(
  { workers: count, native = false }: { readonly workers: number; readonly native?: boolean },
  use: (attack: Attack) => Promise<void>,
): Promise<void> {
  const workers: Worker[] = [];
  const original = globalThis.Worker;
  globalThis.Worker = class extends original {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args);
      workers.push(this);
    }
  };
  await using folder = new TemporaryFolder();
  const file = await folder.write("secret", "the secret");
  await using target = new TestTarget(echoing);
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const log = new PlaneLog();
  const config = configOf({
    apps: [{ listen: [`127.0.0.1:${freePort()}`], targets: [`127.0.0.1:${target.port}`] }],
  });
  try {
    const control = await WorkerProxy.start(config, {
      workers: count,
      observer: log,
      module: HOSTILE,
      ...native ? { native: true } : {},
    });
    try {
      const plane = new TestPlane(control, log);
      await echo(plane);
      const booty = { target: target.port, other: other.addr.port, file, folder: folder.path };
      await use((means) =>
        Promise.all(workers.map((worker) =>
          new Promise<Outcomes>((resolve) => {
            worker.addEventListener("message", (event) => {
              if (event.data.kind !== "outcomes") return;
              event.stopImmediatePropagation();
              resolve(event.data.outcomes);
            });
            const order: Order = { kind: "attack", means, booty };
            worker.postMessage(order);
          })
        ))
      );
      assertEquals(await Deno.readTextFile(file), "the secret");
      assertEquals([...Deno.readDirSync(folder.path)].length, 1);
      await echo(plane);
      assertEquals(log.deaths, []);
    } finally {
      await control.stop();
    }
  } finally {
    globalThis.Worker = original;
  }
}

/** Sends bytes through the proxy and back. */
async function echo(plane: TestPlane): Promise<void> {
  using conn = await connectTo(plane.port);
  await writeAll(conn, utf8("hello"));
  assertEquals(await readExactly(conn, 5), utf8("hello"));
}

/** @param least how many attacks there are at least: a list that is cut short proves nothing. */
function assertRefused(outcomes: Outcomes, least: number): void {
  const entries = Object.entries(outcomes);
  assertEquals(entries.filter(([, outcome]) => outcome !== "refused"), []);
  assert(entries.length >= least, `${entries.length} attacks`);
}
