import { assertEquals } from "@std/assert";
import { program } from "../helpers/program.ts";
import { canHaveSmallNet, IN_TWO_ADDRESSES } from "../helpers/small_net.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

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
      await proxy.waitFor("gets no connection: it leads back to this proxy: ");
      assertEquals(await proxy.stop(), 0);
      assertEquals(proxy.stderr.split("gets no connection").length - 1, 1);
      assertEquals(proxy.stderr.includes("accepting pauses"), false);
      assertEquals(proxy.lines.length < 12, true, `${proxy.lines.length} sessions`);
    },
  });
}
