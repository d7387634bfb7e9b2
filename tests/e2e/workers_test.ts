import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { utf8 } from "../helpers/bytes.ts";
import { connectTo, exchange } from "../helpers/clients.ts";
import { hasLinuxSockets } from "../helpers/connections/linux_transport.ts";
import { freePort } from "../helpers/free_ports.ts";
import { ALL_PERMISSIONS, BINARY, program, runCommand, runProgram } from "../helpers/programs/program.ts";
import { echo, TestTarget } from "../helpers/targets.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

Deno.test("workers: two threads serve, and SIGTERM loses no line of the access log", async () => {
  await using target = new TestTarget(echo);
  await using folder = new TemporaryFolder();
  const port = freePort();
  const apps = [{ name: "web", listen: [`127.0.0.1:${port}`], targets: [target.address] }];
  const config = await folder.config({ workers: 2, log: { format: "json" }, apps });
  await using proxy = program(["-c", config]);
  await proxy.ready();
  await Promise.all(Array.from({ length: 40 }, async () => {
    using conn = await connectTo(port);
    assertEquals(await exchange(conn, utf8("hello")), utf8("hello"));
  }));
  assertEquals(await proxy.stop(), 0);
  const sessions = proxy.lines.map((line) => JSON.parse(line) as { id: number; reason: string });
  // Each thread takes its numbers in blocks.
  assertEquals([sessions.length, new Set(sessions.map(({ id }) => id)).size], [40, 40]);
  assertEquals(new Set(sessions.map(({ reason }) => reason)), new Set(["client_closed"]));
});

Deno.test({
  name: "workers: unix sockets whose paths are relative to the config carry traffic",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using folder = new TemporaryFolder();
    await using _target = new TestTarget(echo, { path: folder.file("target.sock") });
    const apps = [{ name: "web", listen: ["unix:web.sock"], targets: ["unix:target.sock"] }];
    await folder.write("c.yaml", JSON.stringify({ workers: 2, engine: "runtime", apps }));
    await using proxy = program(["-c", "c.yaml"], { cwd: folder.path });
    await proxy.ready();
    using conn = await Deno.connect({ transport: "unix", path: folder.file("web.sock") });
    assertEquals(await exchange(conn, utf8("hello")), utf8("hello"));
    assertEquals(await proxy.stop(), 0);
  },
});

for (const engine of ["runtime", "native"]) {
  Deno.test({
    name: `workers: ${engine}: with permissions that are a list, no socket file is left at the end`,
    ignore: BINARY !== undefined || Deno.build.os !== "linux" || engine === "native" && !hasLinuxSockets,
    fn: async () => {
      await using folder = new TemporaryFolder();
      await using target = new TestTarget(echo, { path: folder.file("target.sock") });
      const path = folder.file("web.sock");
      const apps = [{ name: "web", listen: [`unix:${path}`], targets: [target.address] }];
      const config = await folder.config({ workers: 2, engine, apps });
      const { stdout } = await runCommand(["permissions", "-c", config]);
      await using proxy = program(["-c", config], { permissions: stdout.trim().split(" ") });
      await proxy.ready();
      {
        using conn = await Deno.connect({ transport: "unix", path });
        assertEquals(await exchange(conn, utf8("hello")), utf8("hello"));
      }
      await folder.config({ workers: 2, engine, apps: [{ ...apps[0], idle_timeout: "1m" }] });
      proxy.signal("SIGHUP");
      await proxy.waitFor(
        'permission for its directory; restart, or set "engine: runtime" and "workers: 1"; the old config stays',
      );
      assertEquals(await proxy.stop(), 0);
      await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
    },
  });
}

Deno.test({
  name: "workers: without permission to load the program, the error names the missing flag",
  ignore: BINARY !== undefined,
  fn: async () => {
    await using folder = new TemporaryFolder();
    const apps = [{ name: "web", listen: [`127.0.0.1:${freePort()}`], targets: ["127.0.0.1:1"] }];
    const config = await folder.config({ workers: 2, apps });
    const permissions = [
      ...ALL_PERMISSIONS.filter((flag) => flag !== "--allow-read"),
      `--allow-read=${config}`,
    ];
    const { code, stderr } = await runProgram(["-c", config], { permissions });
    assertEquals(code, 1);
    const folderOfProgram = new URL("../../lib", import.meta.url).pathname;
    assertStringIncludes(
      stderr,
      `start workers: no read permission for the program's own files; add --allow-read=${folderOfProgram}`,
    );
  },
});
