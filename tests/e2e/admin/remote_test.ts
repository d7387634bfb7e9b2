import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { QuietProxy, withAdmin } from "../../helpers/proxy/admin.ts";
import { connectTo } from "../../helpers/clients.ts";
import { freePorts } from "../../helpers/free_ports.ts";
import { program, programCommand, runCommand } from "../../helpers/programs/program.ts";
import { echo, TestTarget } from "../../helpers/targets.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";
import { Tmux } from "../../helpers/programs/tmux.ts";
import { missingTools } from "../../helpers/programs/tools.ts";
import { until } from "../../helpers/until.ts";

for (const workers of [1, 2]) {
  Deno.test(`remote: an operator sees, kills, drains and ends, with workers: ${workers}`, async () => {
    await using folder = new TemporaryFolder();
    await using target = new TestTarget(echo);
    const [port, adminPort] = freePorts();
    const path = await folder.config({
      workers,
      admin: { listen: `127.0.0.1:${adminPort}` },
      apps: [{ name: "web", listen: [`127.0.0.1:${port}`], targets: [target.address] }],
    });
    await using proxy = program(["-c", path]);
    await proxy.ready();
    const run = async (...words: string[]): Promise<string> => {
      const [command = "", ...rest] = words;
      const { code, stdout, stderr } = await runCommand([command, "-c", path, ...rest]);
      assertEquals([code, stderr], [0, ""], words.join(" "));
      return stdout;
    };
    using client = await connectTo(port);
    const listed = async (): Promise<{ id: number; state: string }[]> =>
      JSON.parse(await run("sessions", "--json")).sessions;
    await until(async () => (await listed())[0]?.state === "relaying");
    assertStringIncludes(await run("status"), target.address);
    const [session] = await listed();
    assertStringIncludes(await run("kill", String(session?.id)), "killed 1 session");
    assertEquals(await client.read(new Uint8Array(1)), null);
    assertStringIncludes(await run("target", "web", target.address, "drain"), "drain");
    using refused = await connectTo(port);
    assertEquals(await refused.read(new Uint8Array(1)), null);
    assertStringIncludes(await run("target", "web", target.address, "ready"), "ready");
    assertStringIncludes(await run("fault", "web", "refuse"), "refuse (api)");
    assertStringIncludes(await run("fault", "web", "off"), "no faults");
    const drained = await run("drain", "--wait");
    assert(drained.endsWith("the proxy has ended\n"), drained);
    assertEquals(await proxy.code, 0);
  });
}

const missing = missingTools("tmux");
Deno.test({
  name: `remote: on a terminal, only "y" agrees to the end of many sessions${
    missing.length === 0 ? "" : " (ignored: missing tmux)"
  }`,
  ignore: missing.length > 0 || Deno.build.os !== "linux",
  fn: async () => {
    const proxy = new QuietProxy();
    const { operations } = proxy;
    operations.list = { ...operations.list, matched: 12 };
    await withAdmin({ proxy }, async ({ url }) => {
      const command = `${programCommand()} kill --url ${url} --app web; echo "code $?"`;
      const words = `sh -c '${command}; ${command}; read _'`;
      await using tmux = await Tmux.start(words, { columns: 100, rows: 20 });
      await tmux.waitFor((screen) => screen.includes('Kill 12 sessions of app "web"? [y/N]'));
      await tmux.press("Enter");
      await tmux.waitFor((screen) => screen.includes("code 1") && screen.split("[y/N]").length === 3);
      assertEquals(operations.asked.filter((asked) => !Object.hasOwn(asked as object, "limit")), []);
      await tmux.press("y", "Enter");
      const screen = await tmux.waitFor((screen) => screen.includes("code 0"));
      assertStringIncludes(screen, "killed 1 session");
    });
  },
});
