import { assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { formatAddress, parseAddress } from "../../lib/base/mod.ts";
import type { Config } from "../../lib/config/mod.ts";
import { utf8 } from "../helpers/bytes.ts";
import { connectTo, exchange, readToEnd } from "../helpers/clients.ts";
import { freePorts } from "../helpers/free_ports.ts";
import { type StartPlane, type TestPlane, withPlane } from "../helpers/proxy/plane.ts";
import { echo, TestTarget } from "../helpers/targets.ts";
import { until } from "../helpers/until.ts";

type App = Readonly<Record<string, unknown>>;

/** What a config says of a target that this machine alone knows to be its own. */
const ELSEWHERE = "elsewhere.test:1";

const HELLO = utf8("hello");

/** More sessions than one client of a circle can cause in two threads: each thread meets it in each of its apps. */
const FEW = 12;

/** What becomes of targets that lead back, in how many threads the proxy may run. */
export function testLoopsContract(name: string, start: StartPlane): void {
  Deno.test(`${name}: a target that is the app's own listener gets no connection, with one word of it`, async () => {
    const [port, other] = freePorts();
    const apps = [{ listen: [`0.0.0.0:${port}`], targets: [ELSEWHERE] }];
    await withLoop(start, { apps, other, leadsTo: [`127.0.0.2:${port}`] }, async (plane) => {
      await refused(port);
      await settled(plane);
      assertMatch(
        plane.log.loops[0] ?? "",
        /^app-1 127.0.0.2:\d+: leads back to this proxy: app "app-1" /,
      );
      assertStrictEquals(ways(plane).size, 1);
      await served(other);
    });
  });

  Deno.test(`${name}: two apps that lead to each other are one circle, also behind PROXY headers`, async () => {
    const [a, b, other] = freePorts();
    const accepts = { accept: "required", from: ["127.0.0.1"] };
    const apps = [
      { listen: [`127.0.0.1:${a}`], targets: [ELSEWHERE], proxy_protocol: { send: "v2" } },
      {
        listen: [`127.0.0.1:${b}`],
        targets: [ELSEWHERE],
        proxy_protocol: accepts,
      },
    ];
    const leadsTo = [`127.0.0.1:${b}`, `127.0.0.1:${a}`];
    await withLoop(start, { apps, other, leadsTo }, async (plane) => {
      await refused(a);
      await settled(plane);
      const round = `app "app-1" (127.0.0.1:${a}) → app "app-2" (127.0.0.1:${b}) → app "app-1"`;
      assertEquals([...ways(plane)], [`leads back to this proxy: ${round} (127.0.0.1:${a})`]);
      await served(other);
    });
  });

  Deno.test(`${name}: a circle of three is found whatever it begins with`, async () => {
    const [a, b, c] = freePorts();
    const [other] = freePorts();
    const apps = [a, b, c].map((port) => ({ listen: [`0.0.0.0:${port}`], targets: [ELSEWHERE] }));
    const leadsTo = [b, c, a].map((port) => `127.0.0.1:${port}`);
    await withLoop(start, { apps, other, leadsTo }, async (plane) => {
      for (const port of [b, c, a]) await refused(port);
      await settled(plane);
      assertStrictEquals(ways(plane).size, 1);
      await served(other);
    });
  });

  Deno.test(`${name}: apps that lead to each other without a circle are served, time and again`, async () => {
    const [a, b, other] = freePorts();
    const apps = [
      { listen: [`127.0.0.1:${a}`], targets: [`127.0.0.1:${b}`] },
      { listen: [`127.0.0.1:${b}`], targets: [`127.0.0.1:${other}`] },
    ];
    await withLoop(start, { apps, other, leadsTo: [] }, async (plane) => {
      for (let round = 0; round < 20; round++) {
        await served(a);
        await served(b);
      }
      assertEquals(plane.log.loops, []);
    });
  });

  Deno.test(`${name}: a target that leads back is passed over for one that does not`, async () => {
    const [port, other] = freePorts();
    const apps = [
      { listen: [`127.0.0.1:${port}`], balance: "first", targets: [ELSEWHERE, `127.0.0.1:${other}`] },
    ];
    await withLoop(start, { apps, other, leadsTo: [`127.0.0.1:${port}`] }, async (plane) => {
      for (let round = 0; round < 5; round++) await served(port);
      await settled(plane);
      assertStrictEquals(ways(plane).size, 1);
    });
  });

  Deno.test(`${name}: a check of the app's own listener fails, and makes no connections without end`, async () => {
    const [port, other] = freePorts();
    const check = { interval: "1h", timeout: "5s", fall: 1 };
    const apps = [{ listen: [`0.0.0.0:${port}`], targets: [ELSEWHERE], health_check: check }];
    await withLoop(start, { apps, other, leadsTo: [`127.0.0.1:${port}`] }, async (plane) => {
      await plane.log.when(() => plane.log.targetChanges.length > 0);
      assertEquals(plane.log.targetChanges, [`app-1 127.0.0.1:${port} down`]);
      assertMatch(plane.log.changeDetails[0] ?? "", /^leads back to this proxy: app "app-1" /);
      await settled(plane);
      await served(other);
    });
  });
}

interface Looping {
  readonly apps: readonly App[];
  /** Where one app more listens, whose target is an echo. */
  readonly other: number;
  /** Where the first target of each app leads, where that is not what its config says. */
  readonly leadsTo: readonly string[];
}

async function withLoop(
  start: StartPlane,
  { apps, other, leadsTo }: Looping,
  use: (plane: TestPlane) => Promise<void>,
): Promise<void> {
  await using target = new TestTarget(echo);
  const root = { apps: [...apps, { listen: [`127.0.0.1:${other}`], targets: [target.address] }] };
  await withPlane((config, log) => start(resolved(config, leadsTo), log), root, use);
}

/** Puts an address in place of {@link ELSEWHERE}, as the resolver does: the check of the config would know it. */
function resolved(config: Config, leadsTo: readonly string[]): Config {
  return {
    ...config,
    apps: config.apps.map((app, index) => ({
      ...app,
      targets: app.targets.map((target) => {
        const address = parseAddress(leadsTo[index] ?? ELSEWHERE);
        return target.label === ELSEWHERE ? { ...target, address, label: formatAddress(address) } : target;
      }),
    })),
  };
}

/** A client that is closed without a byte. */
async function refused(port: number): Promise<void> {
  using client = await connectTo(port);
  await readToEnd(client);
}

async function served(port: number): Promise<void> {
  using client = await connectTo(port);
  assertEquals(await exchange(client, HELLO), HELLO);
}

/** Resolves when no session is left; fails where there were more than {@link FEW} of those without a target. */
async function settled({ control, log }: TestPlane): Promise<void> {
  await until(() => log.loops.length > 0 || log.targetChanges.length > 0);
  await until(() => control.activeSessions() === 0);
  const count = log.endedSoFar.filter(({ reason }) => reason === "no_target").length;
  assertStrictEquals(count <= FEW, true, `${count} sessions had no target`);
}

/** The circles that were reported, each once. */
function ways({ log }: TestPlane): ReadonlySet<string> {
  return new Set(log.loops.map((line) => line.slice(line.indexOf(": ") + 2)));
}
