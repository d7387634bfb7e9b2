import { assertEquals } from "@std/assert";
import { utf8 } from "../helpers/bytes.ts";
import { exchange } from "../helpers/clients.ts";
import { type StartPlane, type TestPlane, withPlane } from "../helpers/proxy/plane.ts";
import { TestTarget } from "../helpers/targets.ts";
import { writeAll } from "../helpers/clients.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

/** Targets from files and endpoints, in how many threads it may run. No plane deviates. */
export function testDiscoveredListsContract(name: string, start: StartPlane): void {
  Deno.test(`${name}: the targets that a file lists are followed, and those that stay keep their connections`, async () => {
    await using folder = new TemporaryFolder();
    await using a = named("a");
    await using b = named("b");
    const list = (...targets: readonly TestTarget[]): string =>
      JSON.stringify([{ targets: targets.map(({ address }) => address) }]);
    const path = await folder.write("t.json", list(a));
    const app = {
      name: "web",
      targets: [{ address: path, discover: "file" }],
      // Workers are held to them, and reach what is found later all the same.
      discovery: { within: ["127.0.0.0/8"] },
    };
    await withPlane(start, { apps: [app] }, async (plane) => {
      using client = await plane.connect();
      await writeAll(client, utf8("x"));
      await a.connections(1);
      assertEquals(plane.log.targetChanges, [`web ${a.address} added`]);
      await replace(folder, list(b, a));
      await plane.log.when(() => plane.log.targetChanges.length === 2);
      await replace(folder, list(b));
      await plane.log.when(() => plane.log.targetChanges.length === 3);
      assertEquals(plane.log.targetChanges.slice(1), [
        `web ${b.address} added`,
        `web ${a.address} removed`,
      ]);
      await answered(plane, "b");
      // The connection to the one that is gone goes on.
      assertEquals(new TextDecoder().decode(await exchange(client, utf8("y"))), "a");
    });
  });

  Deno.test(`${name}: the targets that an endpoint lists are found, and those outside of the networks are left out`, async () => {
    await using a = named("a");
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => Response.json([{ targets: [a.address, "192.0.2.1:1", "name.test:1"], labels: { weight: "3" } }]),
    );
    const url = `http://127.0.0.1:${server.addr.port}/targets`;
    const app = {
      name: "web",
      targets: [{ address: url, discover: "http" }],
      discovery: { within: ["127.0.0.0/8"], interval: "1h" },
    };
    await withPlane(start, { apps: [app] }, async (plane) => {
      await answered(plane, "a");
      assertEquals(plane.log.leftOut.map((line) => line.replace(`web ${url} `, "")), [
        '192.0.2.1:1: it is not in the networks of "discovery.within"',
        'name.test:1: "discovery.within" is set, which a name cannot be held to; give its address',
      ]);
      const [found] = plane.control.status().apps;
      assertEquals(found?.own.targets.map(({ label, weight, foundBy }) => [label, weight, foundBy]), [
        [a.address, 3, url],
      ]);
    });
  });
}

/** A target that says its name when it has been asked. */
function named(name: string): TestTarget {
  return new TestTarget(async (conn) => {
    const buffer = new Uint8Array(100);
    while (await conn.read(buffer) !== null);
    await writeAll(conn, utf8(name));
  });
}

async function replace(folder: TemporaryFolder, text: string): Promise<void> {
  const path = await folder.write("new", text);
  await Deno.rename(path, folder.file("t.json"));
}

/** Connects until this target answers: a worker may not have heard yet. */
async function answered(plane: TestPlane, name: string): Promise<void> {
  for (;;) {
    using client = await plane.connect();
    if (new TextDecoder().decode(await exchange(client, utf8("x"))) === name) return;
  }
}
