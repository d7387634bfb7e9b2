import { assertEquals, assertStringIncludes } from "@std/assert";
import { utf8 } from "../helpers/bytes.ts";
import { connectTo, exchange } from "../helpers/clients.ts";
import { freePort } from "../helpers/free_ports.ts";
import { BINARY, program, runProgram } from "../helpers/programs/program.ts";
import { echo, TestTarget } from "../helpers/targets.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

function appText(name: string, port: number | string, target: string): string {
  return `apps:\n  - name: ${name}\n    listen: ["127.0.0.1:${port}"]\n    targets: ["${target}"]\n`;
}

async function echoedAt(port: number, text: string): Promise<string> {
  using conn = await connectTo(port);
  return new TextDecoder().decode(await exchange(conn, utf8(text)));
}

Deno.test("run: variables are replaced, included files are watched, and a new one brings its app", async () => {
  await using folder = new TemporaryFolder();
  await using target = new TestTarget(echo);
  const [first, second] = [freePort(), freePort()];
  await Deno.mkdir(folder.file("conf.d"));
  const config = await folder.write("c.yaml", `watch: true\ninclude: ["conf.d/*.yaml"]\n`);
  await folder.write(
    "conf.d/a.yaml",
    appText("a", "${TCPPROXY_E2E_PORT}", "${TCPPROXY_E2E_HOST:-127.0.0.1}:" + target.port),
  );
  await using proxy = program(["-c", config], { environment: { TCPPROXY_E2E_PORT: String(first) } });
  await proxy.ready();
  assertEquals(await echoedAt(first, "one"), "one");
  await folder.write("conf.d/b.yaml", appText("b", second, target.address));
  await proxy.waitFor(`127.0.0.1:${second}`);
  assertEquals(await echoedAt(second, "two"), "two");
  await folder.write("conf.d/b.yaml", appText("b", "${TCPPROXY_E2E_NONE}", target.address));
  await proxy.waitFor('"TCPPROXY_E2E_NONE" is not set');
  await proxy.waitFor("conf.d/b.yaml:3:25");
  assertEquals(await echoedAt(second, "still"), "still");
  assertEquals(await proxy.stop(), 0);
});

Deno.test("check, permissions: show values, print the flags that they need, and say which one is missing", async () => {
  await using folder = new TemporaryFolder();
  const config = await folder.write(
    "c.yaml",
    `include: [a.yaml]\nlog: { format: "$\${client} {target}" }\n` + appText("own", 1, "h:1"),
  );
  await folder.write("a.yaml", appText("a", "${TCPPROXY_E2E_PORT:-7001}", "h:2"));
  const environment = { TCPPROXY_E2E_PORT: "7002" };
  const checked = await runProgram(["check", "-c", config], { environment });
  assertEquals([checked.code, checked.stderr], [0, ""]);
  assertStringIncludes(checked.stdout, "127.0.0.1:7002");
  assertStringIncludes(checked.stdout, "$${client} {target}");
  const again = await folder.write("again.yaml", checked.stdout);
  assertEquals((await runProgram(["check", "-c", again], { environment })).stdout, checked.stdout);
  const { stdout: flags } = await runProgram(["permissions", "-c", config], { environment });
  assertStringIncludes(flags, "--allow-env=TCPPROXY_E2E_PORT");
  assertStringIncludes(flags, `${folder.file("a.yaml")}`);
});

Deno.test({
  name: "check: without permission for a variable or a file the error names the flag",
  ignore: BINARY !== undefined, // A binary has its own permissions.
  fn: async () => {
    await using folder = new TemporaryFolder();
    const config = await folder.write(
      "c.yaml",
      `include: [a.yaml, "d/*.yaml"]\n` + appText("a", "${HOME}", "h:1"),
    );
    await folder.write("a.yaml", appText("b", 1, "h:2"));
    const { code, stderr } = await runProgram(["check", "-c", config], {
      permissions: [`--allow-read=${config}`],
    });
    assertEquals(code, 2);
    assertStringIncludes(stderr, "run with --allow-env=HOME");
    assertStringIncludes(stderr, `run with --allow-read=${folder.file("a.yaml")}`);
    assertStringIncludes(stderr, `run with --allow-read=${folder.file("d")}`);
  },
});
