import { assertEquals, assertStringIncludes } from "@std/assert";
import { utf8 } from "../../helpers/bytes.ts";
import { freePort } from "../../helpers/free_ports.ts";
import { program, runCommand, runProgram } from "../../helpers/programs/program.ts";
import { echo, sending, TestTarget } from "../../helpers/targets.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";

Deno.test("explain and probe: the target that is explained is the one that answers, for any client", async () => {
  await using one = new TestTarget(sending(utf8("one")));
  await using two = new TestTarget(sending(utf8("two")));
  await using three = new TestTarget(sending(utf8("three")));
  const names = new Map([[one.address, "one"], [two.address, "two"], [three.address, "three"]]);
  await using folder = new TemporaryFolder();
  const port = freePort();
  const path = await folder.config({
    apps: [{
      name: "hashed",
      listen: [`127.0.0.1:${port}`],
      targets: [...names.keys()],
      balance: "source_hash",
      ["proxy_protocol"]: { accept: "required", from: ["127.0.0.0/8"] },
      deny: ["198.51.100.0/24"],
    }],
  });
  await using proxy = program(["run", "-c", path]);
  await proxy.ready();
  for (const client of ["192.0.2.1", "192.0.2.2", "192.0.2.77", "2001:db8::7"]) {
    const question = ["--port", String(port), "--client", client, "--json"];
    const [explained, probed] = await Promise.all([
      runCommand(["explain", "-c", path, ...question]),
      runCommand(["probe", `127.0.0.1:${port}`, "--proxy-protocol", "v2", "--as", client, "--json"]),
    ]);
    assertEquals([explained.code, explained.stderr, probed.code, probed.stderr], [0, "", 0, ""]);
    const [first] = JSON.parse(explained.stdout).targets;
    const answer = JSON.parse(probed.stdout).steps.at(-1);
    assertEquals(answer.text, names.get(first.address));
  }
  const denied = await runCommand([
    "explain",
    "-c",
    path,
    "--port",
    String(port),
    "--client",
    "198.51.100.1",
  ]);
  assertStringIncludes(denied.stdout, "admission  denied: deny 198.51.100.0/24");
  assertEquals(await proxy.stop(), 0);
});

Deno.test("probe: results go to stdout and the reason of a failure to stderr", async () => {
  await using target = new TestTarget(echo);
  const words = ["--send", "PING\\r\\n", "--timeout", "100ms"];
  const done = await runProgram(["probe", target.address, ...words]);
  assertEquals([done.code, done.stderr], [0, ""]);
  assertStringIncludes(done.stdout, '6 bytes "PING\\r\\n", then nothing until the time was over');
  const failed = await runProgram(["probe", `127.0.0.1:${freePort()}`]);
  assertEquals([failed.code, failed.stdout], [1, ""]);
  assertStringIncludes(failed.stderr, "connection refused (ECONNREFUSED)");
});

Deno.test("explain: a port that nobody listens on ends with 1, a mistake with 2", async () => {
  await using folder = new TemporaryFolder();
  const path = await folder.config({ apps: [{ name: "a", ports: [7001], targets: ["h:1"] }] });
  const nobody = await runCommand(["explain", "-c", path, "--port", "7002", "--client", "192.0.2.1"]);
  assertEquals([nobody.code, nobody.stdout], [1, ""]);
  assertStringIncludes(nobody.stderr, 'the nearest is app "a" on [::]:7001');
  assertEquals((await runCommand(["explain", "-c", path, "--port", "7002"])).code, 2);
});
