import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { connectTo, randomBytes, readAll, readExactly, readToEnd, writeAll } from "../helpers/clients.ts";
import { freePort } from "../helpers/free_ports.ts";
import { type Program, program } from "../helpers/programs/program.ts";
import { echo, neverAnswering, TestTarget } from "../helpers/targets.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

interface Running {
  readonly proxy: Program;
  readonly port: number;
}

/** Runs the program with one app in front of `target`. */
async function withProgram(
  target: string,
  shutdown: Record<string, string>,
  use: (running: Running) => Promise<void>,
): Promise<void> {
  await using folder = new TemporaryFolder();
  const port = freePort();
  const apps = [{ name: "web", listen: [`127.0.0.1:${port}`], targets: [target] }];
  await using proxy = program(["-c", await folder.config({ shutdown, apps })]);
  await proxy.ready();
  await use({ proxy, port });
}

Deno.test("SIGTERM: a transfer that is under way finishes, nobody new comes in, exit code 0", async () => {
  const sent = randomBytes(1024 * 1024);
  await using target = new TestTarget(echo);
  await withProgram(target.address, { drain_timeout: "30s" }, async ({ proxy, port }) => {
    using conn = await connectTo(port);
    await writeAll(conn, sent.subarray(0, 1000));
    assertEquals(await readExactly(conn, 1000), sent.subarray(0, 1000));
    proxy.signal("SIGTERM");
    await proxy.waitFor("draining: 1 session left, for at most 30 s");
    assertEquals(await refuses(port), true);
    const [reply] = await Promise.all([
      readAll(conn),
      writeAll(conn, sent.subarray(1000)).then(() => conn.closeWrite()),
    ]);
    assertEquals(reply, sent.subarray(1000));
    assertEquals(await proxy.code, 0);
    assertStringIncludes(proxy.stdout, "client_closed");
  });
});

Deno.test("SIGTERM: a session that is stuck is closed at the drain limit, exit code 0", async () => {
  await using target = new TestTarget(neverAnswering);
  await withProgram(target.address, { drain_timeout: "300ms" }, async ({ proxy, port }) => {
    using conn = await connectTo(port);
    await writeAll(conn, new Uint8Array(10));
    await target.connections(1);
    proxy.signal("SIGTERM");
    assertEquals(await proxy.code, 0);
    await readToEnd(conn);
    assertStringIncludes(proxy.stdout, "drained");
  });
});

Deno.test("SIGTERM: a second signal ends at once, exit code 0, and what it cut is in the log", async () => {
  await using target = new TestTarget(neverAnswering);
  await withProgram(target.address, { drain_timeout: "1h" }, async ({ proxy, port }) => {
    using conn = await connectTo(port);
    await writeAll(conn, new Uint8Array(10));
    await target.connections(1);
    proxy.signal("SIGTERM");
    await proxy.waitFor("draining: 1 session left");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    proxy.signal("SIGINT");
    assertEquals(await proxy.code, 0);
    await readToEnd(conn);
    assertStringIncludes(proxy.stderr, "SIGINT again: stopping at once, 1 session is cut");
    assertStringIncludes(proxy.stdout, "drained");
  });
});

Deno.test({
  name: "SIGINT twice at once, as Ctrl-C comes under a task runner, and SIGQUIT drain",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using target = new TestTarget(echo);
    for (const signals of [["SIGINT", "SIGINT"], ["SIGQUIT"]] as const) {
      await withProgram(target.address, { drain_timeout: "1h" }, async ({ proxy, port }) => {
        using conn = await connectTo(port);
        await writeAll(conn, new Uint8Array(10));
        await readExactly(conn, 10);
        for (const signal of signals) proxy.signal(signal);
        await proxy.waitFor("draining: 1 session left");
        await writeAll(conn, new Uint8Array([7]));
        assertEquals(await readExactly(conn, 1), new Uint8Array([7]));
        await conn.closeWrite();
        assertEquals(await proxy.code, 0);
        assertStringIncludes(proxy.stdout, "client_closed");
      });
    }
  },
});

Deno.test({
  name: "signals that mean nothing to the proxy are ignored, each kind with one line",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using target = new TestTarget(echo);
    await withProgram(target.address, {}, async ({ proxy, port }) => {
      const names = ["SIGALRM", "SIGVTALRM", "SIGPROF", "SIGXCPU", "SIGXFSZ"] as const;
      for (const name of names) {
        proxy.signal(name);
        await proxy.waitFor(`${name}: ignored`);
      }
      assertEquals(await refuses(port), false);
      assertEquals(await proxy.stop(), 0);
    });
  },
});

Deno.test("SIGTERM: with a delay it goes on accepting first", async () => {
  await using target = new TestTarget(echo);
  await withProgram(target.address, { delay: "1h" }, async ({ proxy, port }) => {
    proxy.signal("SIGTERM");
    await proxy.waitFor("SIGTERM: stopping in 3600 s, accepting until then");
    assertEquals(await refuses(port), false);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    proxy.signal("SIGTERM");
    assertEquals(await proxy.code, 0);
  });
});

Deno.test({
  name: "unix socket: one that a killed process has left is replaced, one in use is not",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using folder = new TemporaryFolder();
    await using target = new TestTarget(echo, { path: folder.file("target.sock") });
    const listen = [`unix:${folder.file("listen.sock")}`];
    const path = await folder.config({ apps: [{ name: "sock", listen, targets: [target.address] }] });
    {
      await using killed = program(["-c", path]);
      await killed.ready();
      killed.signal("SIGKILL");
      await killed.code;
    }
    assert((await Deno.lstat(folder.file("listen.sock"))).isSocket);
    await using proxy = program(["-c", path]);
    await proxy.ready();
    await using second = program(["-c", path]);
    assertEquals(await second.code, 1);
    assertStringIncludes(
      second.stderr,
      `tcpproxy: start app "sock": listen on ${listen[0]}: socket file already exists`,
    );

    using conn = await Deno.connect({ transport: "unix", path: folder.file("listen.sock") });
    await writeAll(conn, new Uint8Array([1, 2, 3]));
    assertEquals(await readExactly(conn, 3), new Uint8Array([1, 2, 3]));
    conn.closeWrite();
    await readAll(conn);
    assertEquals(await proxy.stop(), 0);
    assertStringIncludes(
      proxy.stdout,
      `sock #1 unix: -> ${listen[0]} -> ${target.address} `,
    );
  },
});

Deno.test("IPv6: listens and dials, and writes addresses in brackets", async () => {
  await using folder = new TemporaryFolder();
  await using target = new TestTarget(echo, { hostname: "::1" });
  const port = freePort();
  const listen = [`[::1]:${port}`];
  await using proxy = program([
    "-c",
    await folder.config({ apps: [{ name: "six", listen, targets: [target.address] }] }),
  ]);
  await proxy.ready();
  {
    using conn = await connectTo(port, "::1");
    await writeAll(conn, new Uint8Array([1]));
    await conn.closeWrite();
    assertEquals((await readAll(conn)).length, 1);
  }
  assertEquals(await proxy.stop(), 0);
  assert(/ six #1 \[::1\]:\d+ -> \[::1\]:\d+ -> \[::1\]:\d+ /.test(proxy.stdout), proxy.stdout);
});

async function refuses(port: number): Promise<boolean> {
  try {
    (await connectTo(port)).close();
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return true;
    throw error;
  }
}
