import { assertEquals } from "@std/assert";
import { connectTo, exchange } from "../helpers/clients.ts";
import { freePort } from "../helpers/free_ports.ts";
import { program } from "../helpers/program.ts";
import { echo, TestTarget } from "../helpers/targets.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const HELLO = new TextEncoder().encode("hello\n");

/** More than there are file descriptors for, each session taking two. */
const CLIENTS = 60;

Deno.test({
  name: "file descriptors: when they are used up accepting pauses, with one line, and goes on by itself",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using folder = new TemporaryFolder();
    await using target = new TestTarget(echo);
    const port = freePort();
    const apps = [{ name: "web", listen: [`127.0.0.1:${port}`], targets: [target.address] }];
    await using proxy = program(["-c", await folder.config({ apps })], { shell: "ulimit -n 64;" });
    await proxy.ready();

    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connectTo(port)));
    await proxy.waitFor("accepting pauses: ");
    for (const client of clients) client.close();

    using conn = await connectTo(port);
    assertEquals(await exchange(conn, HELLO), HELLO);
    await proxy.waitFor("accepting goes on");
    assertEquals(await proxy.stop(), 0);
    assertEquals(proxy.stderr.match(/accepting pauses: /g)?.length, 1);
    assertEquals(proxy.stderr.match(/accepting goes on/g)?.length, 1);
  },
});
