import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { connectTo, exchange } from "../../helpers/clients.ts";
import { freePort, freePorts } from "../../helpers/free_ports.ts";
import { BINARY, program, runProgram } from "../../helpers/programs/program.ts";
import { echo, TestTarget } from "../../helpers/targets.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";

const HELLO = new TextEncoder().encode("hello\n");

/** Sends a line through a port and gives whether it came back. */
async function answers(port: number, hostname = "127.0.0.1"): Promise<boolean> {
  using conn = await connectTo(port, hostname);
  return new TextDecoder().decode(await exchange(conn, HELLO)) === "hello\n";
}

Deno.test("tcpproxy: results go to stdout and errors to stderr, with the exit code", async () => {
  const [help, mistake] = await Promise.all([runProgram(["--help"]), runProgram(["chekc"])]);
  assertEquals([help.code, help.stderr], [0, ""]);
  assertStringIncludes(help.stdout, "Usage: tcpproxy");
  assertEquals([mistake.code, mistake.stdout], [2, ""]);
  assertStringIncludes(mistake.stderr, 'tcpproxy: there is no command "chekc", did you mean "check"?');
});

Deno.test("tcpproxy: a reader of stdout that has gone is no error", async () => {
  await using schema = program(["schema"]);
  await schema.stopReading();
  assertEquals(await schema.code, 0);
});

Deno.test({
  name: "tcpproxy: a full disk below stdout is said in one line and ends with 1",
  ignore: Deno.build.os !== "linux", // Others have no /dev/full.
}, async () => {
  const main = fileURLToPath(new URL("../../../main.ts", import.meta.url));
  for (const words of [["schema"], ["init", "-"], ["help"]]) {
    const { code, stderr } = await new Deno.Command("sh", {
      args: ["-c", 'exec "$0" run --allow-all --no-check "$@" >/dev/full', Deno.execPath(), main, ...words],
      stderr: "piped",
    }).output();
    const text = new TextDecoder().decode(stderr);
    assertEquals([code, text.startsWith("tcpproxy: write to stdout: "), text.split("\n").length], [
      1,
      true,
      2,
    ], text);
  }
});

Deno.test("tcpproxy: finds ./config.yaml, then ./config.yml, then ./config.json", async () => {
  await using folder = new TemporaryFolder();
  const cwd = folder.path;
  const none = await runProgram([], { cwd });
  assertEquals(none.code, 2);
  for (const word of ["tcpproxy: ", "tcpproxy init", "tcpproxy demo", "-c FILE"]) {
    assertStringIncludes(none.stderr, word);
  }
  for (const name of ["config.json", "config.yml", "config.yaml"]) {
    await folder.config({ apps: [{ name, ports: [7001], targets: ["10.0.0.1:80"] }] }, name);
    const { stdout } = await runProgram(["check"], { cwd });
    assertStringIncludes(stdout, `name: ${name}`);
  }
});

Deno.test("tcpproxy: a bad config is reported with its place, and nothing is started", async () => {
  await using folder = new TemporaryFolder();
  const path = await folder.write("c.yaml", "apps:\n  - name: a\n    ports: [99999]\n    targets: [h:1]\n");
  const { code, stderr, stdout } = await runProgram(["-c", path]);
  assertEquals([code, stdout], [2, ""]);
  assertStringIncludes(stderr, `${path}:3:`);
});

Deno.test("run: says what runs, carries connections, and ends with 0 at SIGTERM and at SIGINT", async () => {
  await using folder = new TemporaryFolder();
  await using target = new TestTarget(echo);
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    const [port, other] = freePorts();
    const path = await folder.config({
      apps: [{ name: "web", ports: [port, other], targets: [target.address] }],
    });
    await using proxy = program(["--config", path]);
    await proxy.ready();
    assertStringIncludes(proxy.stderr, "Starting a proxy with the following config:");
    assertStringIncludes(
      proxy.stderr,
      `- Name: web - Ports: [${port} ${other}] - Targets: [${target.address}]`,
    );
    assertStringIncludes(proxy.stderr, "listening on 2 addresses");
    assert(await answers(port) && await answers(other));
    proxy.signal(signal);
    assertEquals(await proxy.code, 0);
    assertEquals(proxy.lines.length, 2);
  }
});

Deno.test("run: names app and address of a port in use, and exits with 1", async () => {
  await using folder = new TemporaryFolder();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${taken.addr.port}`;
  const path = await folder.config({
    apps: [{ name: "web", listen: [`127.0.0.1:${freePort()}`, address], targets: ["127.0.0.1:9"] }],
  });
  const { code, stderr } = await runProgram(["run", "-c", path]);
  assertEquals(code, 1);
  assertStringIncludes(stderr, `tcpproxy: start app "web": listen on ${address}: port already in use`);
});

Deno.test("forward: carries connections without a config", async () => {
  await using target = new TestTarget(echo);
  const port = freePort();
  await using proxy = program(["forward", `127.0.0.1:${port}`, target.address, "--json"]);
  await proxy.ready();
  assert(await answers(port));
  assertEquals(await proxy.stop(), 0);
  assertEquals(JSON.parse(proxy.lines[0] ?? "").app, "forward");
});

Deno.test("forward: --quiet writes no access log", async () => {
  await using target = new TestTarget(echo);
  const port = freePort();
  await using proxy = program(["forward", String(port), target.address, "-q"]);
  await proxy.ready();
  assert(await answers(port));
  assertEquals(await proxy.stop(), 0);
  assertEquals(proxy.stdout, "");
});

Deno.test("echo: answers on every port, and ends at SIGINT", async () => {
  const [port, other] = freePorts();
  await using server = program(["echo", String(port), `[::1]:${other}`]);
  await server.waitFor(`echo on 127.0.0.1:${port}, [::1]:${other}`);
  assert(await answers(port) && await answers(other, "::1"));
  server.signal("SIGINT");
  assertEquals(await server.code, 0);
});

Deno.test("echo: reports a port in use, and exits with 1", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { code, stderr } = await runProgram(["echo", String(taken.addr.port)]);
  assertEquals(code, 1);
  assertMatch(
    stderr,
    /^tcpproxy: listen on 127\.0\.0\.1:\d+: port already in use; .*\n$/,
  );
});

Deno.test("demo: runs the shipped config with targets, says what to try, and leaves nothing behind", async () => {
  await using demo = program(["demo"], { permissions: ["--allow-net"] });
  const isTaken = await Promise.race([demo.waitFor("Ctrl-C").then(() => false), demo.code.then(() => true)]);
  if (isTaken) {
    // Another program has one of the fixed ports: what is left to see is that it is said.
    assertMatch(demo.stderr, /^tcpproxy: .*listen on .*: port already in use/m);
    assertEquals(await demo.code, 1);
    return;
  }
  assertStringIncludes(demo.stdout, "echo hello | nc -N localhost 5001");
  assert(await answers(5001) && await answers(6400) && await answers(7001));
  // The dashboard needs no other permission, and is whole.
  const page = await (await fetch("http://127.0.0.1:9900/")).text();
  for (const [, path] of page.matchAll(/(?:href|src)="(dashboard\/[^"]+)"/g)) {
    const file = await fetch(`http://127.0.0.1:9900/${path}`);
    assertEquals(file.status, 200, path);
    await file.body?.cancel();
  }
  // Who is still connected does not keep it.
  using _idle = await connectTo(5200);
  demo.signal("SIGINT");
  assertEquals(await demo.code, 0);
  for (const port of [5001, 15001]) Deno.listen({ port }).close();
});

Deno.test({
  name: "run: without permission to read it runs the shipped config, and says so first",
  ignore: BINARY !== undefined,
  fn: async () => {
    await using proxy = program([], { permissions: ["--allow-net"] });
    await Promise.race([proxy.waitFor("listening on 13 addresses"), proxy.code]);
    const [first = ""] = proxy.stderr.split("\n");
    assertStringIncludes(
      first,
      "reading files is not allowed: running the config that is shipped with the program",
    );
    assertStringIncludes(proxy.stderr, "- Name: five-thousand - Ports: [5001 5200 5300 5400] - Targets: ");
    const code = await proxy.stop();
    if (code !== 0) assertStringIncludes(proxy.stderr, "port already in use");
  },
});

Deno.test({
  name:
    "run: a config that may not be read is refused with the permission that is wanted, and nobody is asked",
  ignore: BINARY !== undefined,
  fn: async () => {
    await using folder = new TemporaryFolder();
    const path = await folder.config({ apps: [] });
    const { code, stderr } = await runProgram(["-c", path], { permissions: ["--allow-net"] });
    assertEquals(code, 2);
    assertStringIncludes(stderr, `run with --allow-read=${path}`);
    const init = await runProgram(["init", folder.file("new.yaml")], { permissions: [] });
    assertEquals(init.code, 2);
    assertStringIncludes(init.stderr, `run with --allow-write=${folder.file("new.yaml")}`);
  },
});

Deno.test({
  name:
    "permissions: the config runs with exactly these flags, and the runtime refuses what is not among them",
  ignore: BINARY !== undefined || !atLeastDeno(2, 9),
  fn: async () => {
    await using folder = new TemporaryFolder();
    await using target = new TestTarget(echo);
    await using socket = new TestTarget(echo, { path: folder.file("t.sock") });
    const [port, other, wild] = freePorts();
    const apps = [
      { name: "tcp", ports: [port], targets: [target.address] },
      { name: "unix", listen: [`unix:${folder.file("l.sock")}`], targets: [socket.address] },
      { name: "name", host: "127.0.0.1", ports: [other], targets: [`localhost:${target.port}`] },
      { name: "wild", host: "127.0.0.1", ports: [wild], targets: ["127.0.0.2:*"] },
    ];
    const log = { access: folder.file("access.log") };
    const path = await folder.config({ log, apps });
    const { stdout } = await runProgram(["permissions", "-c", path]);
    const permissions = stdout.trimEnd().split(" ");
    {
      await using sameport = new TestTarget(echo, { hostname: "127.0.0.2", port: wild });
      await using proxy = program(["-c", path], { permissions });
      await proxy.ready();
      assert(await answers(port) && await answers(other) && await answers(wild));
      assertEquals(sameport.accepted, 1);
      using conn = await Deno.connect({ transport: "unix", path: folder.file("l.sock") });
      assertEquals(await exchange(conn, HELLO), HELLO);
      assertEquals(await proxy.stop(), 0);
      assertEquals((await Deno.readTextFile(log.access)).split("\n").length, 5);
    }
    await using elsewhere = new TestTarget(echo);
    await folder.config({ log, apps: [{ name: "tcp", ports: [port], targets: [elsewhere.address] }] });
    await using proxy = program(["-c", path], { permissions });
    await proxy.ready();
    assertNotEquals(await answers(port), true);
    await proxy.waitFor("blocked by the runtime");
    assertEquals(elsewhere.accepted, 0);
  },
});

function atLeastDeno(major: number, minor: number): boolean {
  const [haveMajor = 0, haveMinor = 0] = Deno.version.deno.split(".").map(Number);
  return haveMajor > major || (haveMajor === major && haveMinor >= minor);
}
