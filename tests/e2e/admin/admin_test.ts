import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { TOKEN } from "../../helpers/proxy/admin.ts";
import { connectTo, exchange, readToEnd, writeAll } from "../../helpers/clients.ts";
import { freePort, freePorts } from "../../helpers/free_ports.ts";
import {
  type Program,
  program,
  type ProgramOptions,
  runCommand,
  runProgram,
} from "../../helpers/programs/program.ts";
import { echo, TestTarget } from "../../helpers/targets.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";

const HELLO = new TextEncoder().encode("hello\n");

interface Running {
  readonly proxy: Program;
  readonly config: string;
  /** The file of the token. */
  readonly tokenFile: string;
  readonly appPort: number;
  readonly adminPort: number;
  /** The address of the target. */
  readonly target: string;
}

interface RunningOptions extends ProgramOptions {
  /** Beside where it listens; default no token. */
  readonly admin?: Readonly<Record<string, unknown>>;
  readonly root?: Readonly<Record<string, unknown>>;
}

/** Runs the program with an admin API and one app in front of an echo server. */
async function withAdminProgram(
  options: RunningOptions,
  use: (running: Running) => Promise<void>,
): Promise<void> {
  const { admin = {}, root = {}, ...rest } = options;
  await using folder = new TemporaryFolder();
  await using target = new TestTarget(echo);
  const tokenFile = await folder.write("admin.token", `${TOKEN}\n`);
  const [appPort, adminPort] = freePorts();
  const config = await folder.config({
    ...root,
    admin: { listen: `127.0.0.1:${adminPort}`, ...admin },
    apps: [{ name: "web", listen: [`127.0.0.1:${appPort}`], targets: [target.address] }],
  });
  await using proxy = program(["-c", config], rest);
  await proxy.ready();
  await use({ proxy, config, tokenFile, appPort, adminPort, target: target.address });
}

async function ask(
  port: number,
  path: string,
  headers: Record<string, string> = {},
): Promise<[number, string]> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers,
    signal: AbortSignal.timeout(10_000),
  });
  return [response.status, await response.text()];
}

Deno.test("admin: a running proxy is asked by curl and by explain, which say the same", async () => {
  await withAdminProgram({}, async ({ proxy, config, appPort, adminPort, target }) => {
    assertMatch(
      proxy.stderr,
      new RegExp(`the admin API is on http://127\\.0\\.0\\.1:${adminPort}, for everyone`),
    );
    assertEquals(await ask(adminPort, "/healthz"), [200, '{"status":"alive"}\n']);
    assertEquals(await ask(adminPort, "/readyz"), [200, '{"status":"ready"}\n']);
    const [status, text] = await ask(adminPort, "/api/status");
    assertEquals([status, JSON.parse(text).apps[0].targets[0].address], [200, target]);

    const question = ["--port", String(appPort), "--client", "192.0.2.7"];
    const url = `http://127.0.0.1:${adminPort}`;
    const [byConfig, byUrl] = await Promise.all([
      runCommand(["explain", "-c", config, "--running", ...question]),
      runCommand(["explain", "--url", url, "--json", ...question]),
    ]);
    assertEquals([byConfig.code, byConfig.stderr, byUrl.code, byUrl.stderr], [0, "", 0, ""]);
    assertStringIncludes(byConfig.stdout, `target     1. ${target}: the only one; 0 connections`);
    const [, asked] = await ask(adminPort, `/api/explain?port=${appPort}&client=192.0.2.7`);
    assertEquals(JSON.parse(byUrl.stdout), JSON.parse(asked));
    // Nothing of all this is on stdout, which is the access log's.
    assertEquals(proxy.stdout, "");
    assertEquals(await proxy.stop(), 0);
    assertEquals(proxy.stdout, "");
  });
});

Deno.test("admin: while the proxy drains it is not ready, and can still be asked", async () => {
  const shutdown = { delay: "1h", ["drain_timeout"]: "1h" };
  await withAdminProgram({ root: { shutdown } }, async ({ proxy, config, appPort, adminPort }) => {
    using client = await connectTo(appPort);
    await writeAll(client, HELLO);
    proxy.signal("SIGTERM");
    await proxy.waitFor("accepting until then");
    assertEquals((await ask(adminPort, "/readyz"))[0], 503);
    assertEquals((await ask(adminPort, "/healthz"))[0], 200);
    assertEquals(JSON.parse((await ask(adminPort, "/api/status"))[1]).state, "draining");
    const words = ["explain", "-c", config, "--running", "--port", String(appPort), "--client", "192.0.2.7"];
    assertEquals((await runCommand(words)).code, 0);
    // A second signal within a second is taken for the first.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    proxy.signal("SIGTERM");
    assertEquals(await proxy.code, 0);
    await readToEnd(client);
  });
});

Deno.test("admin: an address that is taken keeps the proxy from starting, and an app's the admin API", async () => {
  await using folder = new TemporaryFolder();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const free = freePort();
  const start = async (admin: number, app: number): Promise<string> => {
    const apps = [{ name: "web", listen: [`127.0.0.1:${app}`], targets: ["h:1"] }];
    const config = await folder.config({ admin: { listen: `127.0.0.1:${admin}` }, apps });
    const { code, stdout, stderr } = await runProgram(["-c", config]);
    assertEquals([code, stdout], [1, ""]);
    return stderr;
  };
  const isTaken =
    `listen on 127.0.0.1:${port}: port already in use; choose another one, or stop the process that uses it`;
  assertStringIncludes(await start(port, free), `tcpproxy: start admin: ${isTaken}\n`);
  assertStringIncludes(await start(free, port), `tcpproxy: start app "web": ${isTaken}\n`);
});

Deno.test("admin: with a token, whoever has it is answered", async () => {
  await withAdminProgram({ admin: { token_file: "./admin.token" } }, async (running) => {
    const { proxy, config, tokenFile, appPort, adminPort } = running;
    assertStringIncludes(proxy.stderr, "for anyone with the token");
    assertEquals(proxy.stderr.includes(TOKEN), false);
    assertEquals((await ask(adminPort, "/readyz"))[0], 200);
    assertEquals((await ask(adminPort, "/api/status"))[0], 401);
    assertEquals((await ask(adminPort, "/api/status", { authorization: `Bearer ${TOKEN}` }))[0], 200);

    const url = ["--url", `http://127.0.0.1:${adminPort}`];
    const question = ["--port", String(appPort), "--client", "192.0.2.7"];
    const [none, given, known] = await Promise.all([
      runCommand(["explain", ...url, ...question]),
      runCommand(["explain", ...url, "--token-file", tokenFile, ...question]),
      runCommand(["explain", "-c", config, "--running", ...question]),
    ]);
    assertEquals([none.code, given.code, known.code], [1, 0, 0]);
    assertStringIncludes(none.stderr, 'no token sent; use the one in its "admin.token_file"');
  });
});

Deno.test("admin: several threads have one admin API, in front of them all", async () => {
  await withAdminProgram({ root: { workers: 2 } }, async ({ proxy, config, appPort, adminPort, target }) => {
    assertEquals(JSON.parse((await ask(adminPort, "/api/status"))[1]).workers, 2);
    const words = ["explain", "-c", config, "--running", "--port", String(appPort), "--client", "192.0.2.7"];
    assertStringIncludes((await runCommand(words)).stdout, `target     1. ${target}: the only one`);
    assertEquals(await proxy.stop(), 0);
  });
});

for (const workers of [1, 2]) {
  Deno.test(`admin: with workers: ${workers}, sessions, targets, apps, faults and the process are controlled`, async () => {
    await withAdminProgram({ root: { workers } }, async ({ proxy, appPort, adminPort, target }) => {
      const send = async (what: string, body?: unknown): Promise<Record<string, unknown>> => {
        const [method = "", path = ""] = what.split(" ");
        const response = await fetch(`http://127.0.0.1:${adminPort}${path}`, {
          method,
          ...body === undefined ? {} : { body: JSON.stringify(body) },
          signal: AbortSignal.timeout(10_000),
        });
        const json = await response.json();
        if (response.status >= 300) throw new Error(`${what}: ${json.detail}`);
        return json;
      };
      using client = await connectTo(appPort);
      await writeAll(client, HELLO);
      await proxy.ready();
      while ((await send("GET /api/sessions?state=relaying")).matched !== 1);
      assertEquals(await send("DELETE /api/sessions?client=127.0.0.0/8"), { ended: 1, incomplete: [] });
      await readToEnd(client);
      await proxy.waitFor("killed");
      assertEquals((await send(`PATCH /api/apps/web/targets/${target}`, { state: "drain" })).admin, "drain");
      using refused = await connectTo(appPort);
      await readToEnd(refused);
      await proxy.waitFor("no_target");
      await send(`PATCH /api/apps/web/targets/${target}`, { state: "ready" });
      assertEquals((await send("PATCH /api/apps/web", { state: "paused" })).state, "paused");
      using waiting = await connectTo(appPort);
      await writeAll(waiting, HELLO);
      assertEquals((await send("GET /api/sessions")).total, 0);
      await send("PATCH /api/apps/web", { state: "accepting" });
      assertEquals(await exchange(waiting, HELLO), new Uint8Array([...HELLO, ...HELLO]));
      await send("PUT /api/apps/web/faults", { faults: [{ kind: "refuse" }] });
      using faulty = await connectTo(appPort);
      await readToEnd(faulty);
      const { state, deadline } = await send("POST /api/drain");
      assertEquals([state, typeof deadline], ["draining", "string"]);
      assertEquals(await proxy.code, 0);
      assertStringIncludes(proxy.stderr, "admin API: no longer accepting");
    });
  });
}

Deno.test("admin: the least permissions of a config are enough for it", async () => {
  await using folder = new TemporaryFolder();
  const [appPort, adminPort] = freePorts();
  await folder.write("admin.token", TOKEN);
  const config = await folder.config({
    admin: { listen: `127.0.0.1:${adminPort}`, token_file: "admin.token" },
    apps: [{ name: "web", listen: [`127.0.0.1:${appPort}`], targets: ["127.0.0.1:1"] }],
  });
  const { stdout } = await runCommand(["permissions", "-c", config]);
  await using proxy = program(["-c", config], { permissions: stdout.trim().split(" ") });
  await proxy.ready();
  assertEquals((await ask(adminPort, "/api/status", { authorization: `Bearer ${TOKEN}` }))[0], 200);
  assertEquals(await proxy.stop(), 0);
});

Deno.test({
  name: "admin: a client that takes every file descriptor loses its connections, and nobody else anything",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await withAdminProgram({ shell: "ulimit -n 64;" }, async ({ proxy, appPort, adminPort }) => {
      using before = await connectTo(appPort);
      await writeAll(before, HELLO);
      const conns = await flood(
        adminPort,
        () => proxy.stderr.includes("the admin API drops its connections"),
      );
      assertEquals((await ask(adminPort, "/readyz"))[0], 200);
      using after = await connectTo(appPort);
      assertEquals(await exchange(after, HELLO), HELLO);
      assertEquals((await exchange(before, HELLO)).length, 2 * HELLO.length);
      for (const conn of conns) conn.close();
      assertEquals(await proxy.stop(), 0);
      assertEquals(proxy.stderr.match(/drops its connections/g)?.length, 1);
    });
  },
});

/** Connects until `isEnough`, and keeps what it has. */
async function flood(port: number, isEnough: () => boolean): Promise<Deno.Conn[]> {
  const conns: Deno.Conn[] = [];
  while (!isEnough()) {
    if (conns.length === 500) throw new Error("500 connections do not take every file descriptor");
    conns.push(await connectTo(port));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return conns;
}

Deno.test({
  name: "explain: a proxy of HTTP in the environment is not asked, nor shown the token",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using other = new TestTarget(echo);
    await withAdminProgram({ admin: { token_file: "./admin.token" } }, async ({ config, appPort }) => {
      const words = [
        "explain",
        "-c",
        config,
        "--running",
        "--port",
        String(appPort),
        "--client",
        "192.0.2.7",
      ];
      await using explained = program(words, {
        shell:
          `unset NO_PROXY no_proxy; export HTTP_PROXY=http://${other.address} http_proxy=http://${other.address};`,
      });
      assertEquals([await explained.code, explained.stderr, other.accepted], [0, "", 0]);
    });
  },
});

Deno.test("health: the exit code tells whether the proxy is ready, and no token is needed", async () => {
  await using folder = new TemporaryFolder();
  await using target = new TestTarget(echo);
  const [port, adminPort] = [freePort(), freePort()];
  await folder.write("token", "0123456789abcdef\n");
  const path = await folder.config({
    admin: { listen: `127.0.0.1:${adminPort}`, ["token_file"]: "token" },
    shutdown: { delay: "1h" },
    apps: [{ name: "web", listen: [`127.0.0.1:${port}`], targets: [target.address] }],
  });
  const url = `http://127.0.0.1:${adminPort}`;
  const ask = async (...flags: string[]): Promise<[number, string]> => {
    const { code, stdout, stderr } = await runCommand(["health", ...flags]);
    return [code, stdout + stderr];
  };
  const [code, refused] = await ask("--url", url);
  assertEquals(code, 1);
  assertStringIncludes(refused, url);
  await using proxy = program(["-c", path]);
  await proxy.ready();
  assertEquals(await ask("--url", url), [0, "ready\n"]);
  assertEquals(await ask("-c", path, "--quiet"), [0, ""]);
  proxy.signal("SIGTERM");
  await proxy.waitFor("accepting until then");
  const [drainingCode, draining] = await ask("--url", url);
  assertEquals(drainingCode, 1);
  assertStringIncludes(draining, "the proxy is draining");
  assertEquals(await ask("--url", url, "--live"), [0, "alive\n"]);
  assertEquals((await ask("-c", path, "--url", url))[0], 2);
});
