import { assertEquals } from "@std/assert";
import { utf8 } from "../helpers/bytes.ts";
import { connectTo, exchange, writeAll } from "../helpers/clients.ts";
import { freePort } from "../helpers/free_ports.ts";
import { ALL_PERMISSIONS, program } from "../helpers/programs/program.ts";
import { echo, TestTarget } from "../helpers/targets.ts";
import { until } from "../helpers/until.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const HELLO = utf8("hello\n");

/** More than there are file descriptors for, each session taking two. */
const CLIENTS = 60;

/** A native engine has a worker, which takes some fifteen of its own. */
const ENGINES = [
  { engine: "runtime", limit: 64, ignore: Deno.build.os === "windows" },
  { engine: "native", limit: 80, ignore: Deno.build.os !== "linux" },
] as const;

for (const { engine, limit, ignore } of ENGINES) {
  Deno.test({
    name:
      `file descriptors, ${engine}: when they are used up accepting pauses, with one line, and goes on by itself`,
    ignore,
    fn: async () => {
      await using folder = new TemporaryFolder();
      await using target = new TestTarget(echo);
      const port = freePort();
      const apps = [{ name: "web", listen: [`127.0.0.1:${port}`], targets: [target.address] }];
      await using proxy = program(["-c", await folder.config({ engine, apps })], {
        shell: `ulimit -n ${limit};`,
        permissions: [...ALL_PERMISSIONS, "--allow-ffi"],
      });
      await proxy.ready();

      const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connectTo(port)));
      await proxy.waitFor("accept paused: ");
      for (const client of clients) client.close();

      using conn = await connectTo(port);
      assertEquals(await exchange(conn, HELLO), HELLO);
      await proxy.waitFor("accept resumed");
      assertEquals(await proxy.stop(), 0);
      assertEquals(proxy.stderr.match(/accept paused: /g)?.length, 1);
      assertEquals(proxy.stderr.match(/accept resumed/g)?.length, 1);
    },
  });
}

/** As many as find two descriptors each, beside those of the program, and some room. */
const SERVED = 12;

for (const { workers, engine } of [{ workers: 1 }, { workers: 2 }, { workers: 2, engine: "native" }]) {
  Deno.test({
    name:
      `file descriptors: clients that had something to say first do not take them all; ${workers} workers, ${
        engine ?? "runtime"
      }`,
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      await using folder = new TemporaryFolder();
      await using target = new TestTarget(echo);
      const port = freePort();
      const app = { name: "web", listen: [`127.0.0.1:${port}`], targets: [target.address] };
      const header = { accept: "required", from: ["127.0.0.1"] };
      const apps = [{ ...app, proxy_protocol: header, connect_deadline: "3s" }];
      const config = await folder.config({ workers, apps, ...(engine === undefined ? {} : { engine }) });
      // Each worker takes some fifteen of its own.
      await using proxy = program(["-c", config], {
        shell: `ulimit -n ${64 + 16 * (workers - 1)};`,
        permissions: [...ALL_PERMISSIONS, "--allow-ffi"],
      });
      await proxy.ready();

      // All descriptors are the clients' before the first of them speaks, on a machine of any speed.
      const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connectTo(port)));
      await proxy.waitFor("accept paused: ");
      let answered = 0;
      let closed = 0;
      for (const client of clients) {
        client.read(new Uint8Array(16)).then((count) => count === null ? closed++ : answered++, () => {});
        await writeAll(client, utf8("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nhello"));
      }
      await until(() => answered >= SERVED || closed > CLIENTS / 2);
      for (const client of clients) client.close();
      assertEquals(answered >= SERVED, true, `${answered} are served; expected ${SERVED}`);

      using conn = await connectTo(port);
      await writeAll(conn, utf8("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"));
      assertEquals(await exchange(conn, HELLO), HELLO);
      await proxy.waitFor("dialing resumed");
      await proxy.waitFor("accept resumed");
      assertEquals(await proxy.stop(), 0);
      for (const line of ["accept paused: ", "accept resumed", "dialing paused: ", "dialing resumed"]) {
        assertEquals(proxy.stderr.split(line).length - 1, 1, line);
      }
    },
  });
}

for (const { workers, engine } of [{ workers: 1, engine: "native" }, { workers: 2, engine: "runtime" }]) {
  Deno.test({
    name:
      `file descriptors, ${engine}: a reload that would start workers without any is refused, and nothing ends`,
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      await using folder = new TemporaryFolder();
      await using target = new TestTarget(echo);
      const port = freePort();
      const write = (idle: string): Promise<string> =>
        folder.config({
          workers,
          engine,
          apps: [{
            name: "web",
            listen: [`127.0.0.1:${port}`],
            targets: [target.address],
            idle_timeout: idle,
          }],
        });
      const limit = 100;
      await using proxy = program(["-c", await write("1h")], {
        shell: `ulimit -n ${limit};`,
        permissions: [...ALL_PERMISSIONS, "--allow-ffi"],
      });
      await proxy.ready();
      // Enough to read a config with, and far fewer than a worker takes.
      const clients: Deno.Conn[] = [];
      while (openDescriptors(proxy.pid) < limit - 8) {
        const client = await connectTo(port);
        clients.push(client);
        await writeAll(client, HELLO);
        await client.read(new Uint8Array(16));
      }
      await write("2h");
      proxy.signal("SIGHUP");
      await proxy.waitFor("out of file descriptors: a worker takes up to");
      for (const client of clients) client.close();
      await until(() => openDescriptors(proxy.pid) < limit / 2);
      proxy.signal("SIGHUP");
      await proxy.waitFor('SIGHUP: app "web" changed');
      using conn = await connectTo(port);
      assertEquals(await exchange(conn, HELLO), HELLO);
      assertEquals(await proxy.stop(), 0);
    },
  });
}

function openDescriptors(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}
