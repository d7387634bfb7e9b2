import { assertEquals, assertStringIncludes } from "@std/assert";
import { readToEnd } from "../helpers/clients.ts";
import { program, runProgram } from "../helpers/programs/program.ts";
import { canHaveSmallNet, IN_SMALL_NET, ONLY_PORT } from "../helpers/programs/small_net.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const DEAD = `127.0.0.1:${ONLY_PORT}`;
const IGNORE = !canHaveSmallNet();
const WHY = IGNORE ? " (ignored: this machine gives a test no network of its own)" : "";

// Each in a network of its own: a port that has connected to itself stays unavailable for a minute.

Deno.test({
  name: `self-connect: a session of a dead local target is not relayed to itself${WHY}`,
  ignore: IGNORE,
  fn: async () => {
    await using folder = new TemporaryFolder();
    const path = folder.file("clients.sock");
    const apps = [{ name: "web", listen: [`unix:${path}`], targets: [DEAD] }];
    await using proxy = program(["-c", await folder.config({ apps })], { shell: IN_SMALL_NET });
    await proxy.ready();
    using client = await Deno.connect({ transport: "unix", path });
    // It says nothing: the proxy may have closed before it could.
    await readToEnd(client);
    assertEquals(await proxy.stop(), 0);
    assertStringIncludes(proxy.stdout, "no_target");
    assertStringIncludes(
      proxy.stderr,
      `no target could be reached: ${DEAD}: connection refused (ECONNREFUSED)`,
    );
  },
});

Deno.test({
  name: `self-connect: a check of a dead local target fails${WHY}`,
  ignore: IGNORE,
  fn: async () => {
    await using folder = new TemporaryFolder();
    const app = { name: "web", listen: [`unix:${folder.file("clients.sock")}`], targets: [DEAD] };
    const apps = [{ ...app, health_check: { interval: "1h", timeout: "5s", fall: 1 } }];
    await using proxy = program(["-c", await folder.config({ apps })], { shell: IN_SMALL_NET });
    await proxy.waitFor(`target ${DEAD} is down: Connection refused`);
    assertEquals(await proxy.stop(), 0);
  },
});

Deno.test({
  name: `self-connect: a probe of a dead local port is refused${WHY}`,
  ignore: IGNORE,
  fn: async () => {
    const { code, stderr } = await runProgram(["probe", DEAD], { shell: IN_SMALL_NET });
    assertEquals(code, 1);
    assertStringIncludes(stderr, "connection refused (ECONNREFUSED)");
  },
});
