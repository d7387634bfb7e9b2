import { assertEquals, assertStringIncludes } from "@std/assert";
import manifest from "../../deno.json" with { type: "json" };
import { packageManifest, RUNTIME_VERSION, writeNpmPackage } from "../../tools/ship/package_npm.ts";
import { freePort } from "../helpers/free_ports.ts";
import { bundlerObstacle } from "../helpers/programs/bundler.ts";
import { Program } from "../helpers/programs/program.ts";
import { missingTools } from "../helpers/programs/tools.ts";
import { echo, TestTarget } from "../helpers/targets.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { answerOf } from "./answer_of.ts";

Deno.test("packageManifest: depends on the runtime that the tests run on, and on nothing else", async () => {
  const { name, version, bin, dependencies, scripts, repository } = JSON.parse(packageManifest("1.2.3"));
  assertEquals({ name, version, bin, dependencies, scripts, repository }, {
    name: "tcpproxy",
    version: "1.2.3",
    bin: { tcpproxy: "tcpproxy.cjs" },
    dependencies: { deno: RUNTIME_VERSION },
    scripts: undefined,
    repository: undefined,
  });
  assertEquals(JSON.parse(packageManifest("1.2.3", "https://github.com/a/b")).repository, {
    type: "git",
    url: "git+https://github.com/a/b.git",
  });
  const script = await Deno.readTextFile(new URL("../../.ci/run", import.meta.url));
  assertStringIncludes(script, `deno@${RUNTIME_VERSION}`);
});

const missing = missingTools("node");
const obstacle = missing.length > 0 ? `missing: ${missing.join()}` : bundlerObstacle();

Deno.test({
  name: `npm package: Node.js runs it, with workers, and passes a signal on${
    obstacle === undefined ? "" : ` (${obstacle})`
  }`,
  ignore: obstacle !== undefined || Deno.build.os === "windows",
  fn: async () => {
    await using folder = new TemporaryFolder();
    await using target = new TestTarget(echo);
    const home = folder.file("node_modules/tcpproxy");
    await writeNpmPackage(home);
    // Stands for the npm package of the runtime, which a test cannot download: it gives the path of this one.
    await Deno.mkdir(folder.file("node_modules/deno"));
    await folder.write(
      "node_modules/deno/install_api.cjs",
      `exports.runInstall = () => ${JSON.stringify(Deno.execPath())};\n`,
    );
    const node = (...words: readonly string[]): Program =>
      new Program(
        new Deno.Command("node", {
          args: [`${home}/tcpproxy.cjs`, ...words],
          stdin: "null",
          stdout: "piped",
          stderr: "piped",
        }).spawn(),
      );

    // Nor are the sources of a checkout its own where somebody installs it there.
    await Deno.mkdir(folder.file("lib/workers/worker"), { recursive: true });
    await folder.write("lib/workers/worker/entry.ts", "");
    await using refused = node("seal", "-o", folder.file("sealed"));
    assertEquals(await refused.code, 2);
    assertStringIncludes(refused.stderr, "the program's sources");

    const port = freePort();
    const config = await folder.config({
      workers: 2,
      apps: [{ name: "web", listen: [`127.0.0.1:${port}`], targets: [target.address] }],
    });
    await using proxy = node("-c", config);
    await proxy.ready();
    assertStringIncludes(proxy.stderr, `tcpproxy ${manifest.version}, pid `);
    assertEquals(await answerOf(port, "hello"), "hello");
    assertEquals(await proxy.stop(), 0, proxy.stderr);
  },
});
