import { assertEquals } from "@std/assert";
import { utf8 } from "../helpers/bytes.ts";
import { connectTo, exchange } from "../helpers/clients.ts";
import { freePorts } from "../helpers/free_ports.ts";
import { program } from "../helpers/programs/program.ts";
import { canHaveSmallNet, IN_TWO_ADDRESSES } from "../helpers/programs/small_net.ts";
import { echo, TestTarget } from "../helpers/targets.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const HELLO = utf8("hello");

const IGNORE = !canHaveSmallNet();
const WHY = IGNORE ? " (ignored: this machine gives a test no network of its own)" : "";

for (const workers of [1, 2]) {
  Deno.test({
    name:
      `loops: a check by an address of the machine that its dials do not come from is one circle; ${workers} workers${WHY}`,
    ignore: IGNORE,
    fn: async () => {
      await using folder = new TemporaryFolder();
      const check = { interval: "1h", timeout: "5s" };
      const apps = [
        { name: "a", listen: ["0.0.0.0:15801"], targets: ["10.0.0.6:15802"], health_check: check },
        { name: "b", listen: ["0.0.0.0:15802"], targets: ["10.0.0.6:15801"] },
      ];
      const config = await folder.config({ workers, apps });
      await using proxy = program(["-c", config], { shell: `ulimit -n 128; ${IN_TWO_ADDRESSES}` });
      await proxy.waitFor("gets no connection: leads back to this proxy: ");
      assertEquals(await proxy.stop(), 0);
      assertEquals(proxy.stderr.split("gets no connection").length - 1, 1);
      assertEquals(proxy.stderr.includes("accept paused"), false);
      assertEquals(proxy.lines.length < 12, true, `${proxy.lines.length} sessions`);
    },
  });
}

/** More than there are file descriptors for, each session taking two. */
const LIMIT = 192;

for (const workers of [1, 2]) {
  Deno.test({
    name: `loops: a circle through another process leaves descriptors for other apps; ${workers} workers`,
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      await using folder = new TemporaryFolder();
      await using target = new TestTarget(echo);
      const [here, there, healthy] = freePorts();
      const circle = { listen: [`127.0.0.1:${here}`], targets: [`127.0.0.1:${there}`] };
      const apps = [
        { name: "circle", ...circle, health_check: { interval: "2s" } },
        { name: "healthy", listen: [`127.0.0.1:${healthy}`], targets: [target.address] },
      ];
      await using proxy = program(["-c", await folder.config({ workers, apps })], {
        shell: `ulimit -n ${LIMIT};`,
      });
      await proxy.ready();
      await using mirror = program(["forward", `127.0.0.1:${there}`, `127.0.0.1:${here}`]);
      await mirror.ready();
      await proxy.waitFor("accept paused: ");
      // From here on each is served, the first of them when the circle has given way.
      for (let round = 0; round < 20; round++) {
        using client = await connectTo(healthy);
        assertEquals(await exchange(client, HELLO), HELLO);
      }
      assertEquals(await proxy.stop(), 0);
    },
  });
}
