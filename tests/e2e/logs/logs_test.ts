import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { connectTo, exchange } from "../../helpers/clients.ts";
import { freePort } from "../../helpers/free_ports.ts";
import { program } from "../../helpers/programs/program.ts";
import { echo, refusingAddress, TestTarget } from "../../helpers/targets.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";

const HELLO = new TextEncoder().encode("hello\n");
const FIELDS = [
  "time",
  "id",
  "app",
  "listener",
  "client",
  "target",
  "reason",
  "bytes_up",
  "bytes_down",
  "duration_ms",
  "connect_ms",
  "tries",
  "sni",
];

async function sayHello(port: number, times = 1): Promise<void> {
  for (let i = 0; i < times; i++) {
    using conn = await connectTo(port);
    assertEquals(await exchange(conn, HELLO), HELLO);
  }
}

function config(
  port: number,
  target: string,
  log: Record<string, unknown>,
): Record<string, unknown> {
  return { log, apps: [{ name: "web", listen: [`127.0.0.1:${port}`], targets: [target] }] };
}

Deno.test("access log: text on stdout is one sentence a session", async () => {
  await using folder = new TemporaryFolder();
  await using target = new TestTarget(echo);
  const port = freePort();
  await using proxy = program(["-c", await folder.config(config(port, target.address, {}))]);
  await proxy.ready();
  await sayHello(port);
  assertEquals(await proxy.stop(), 0);
  assertMatch(
    proxy.stdout,
    /^\S+Z client_closed {6}web #1 127\.0\.0\.1:\d+ -> 127\.0\.0\.1:\d+ -> 127\.0\.0\.1:\d+ up 6 B down 6 B in \S+ ms, connected in \S+ ms at try 1\n$/,
  );
});

Deno.test("access log: in a file as JSON, nothing is lost at SIGTERM after 500 connections", async () => {
  await using folder = new TemporaryFolder();
  await using target = new TestTarget(echo);
  const port = freePort();
  const path = await folder.config(config(port, target.address, { access: "access.log", format: "json" }));
  await using proxy = program(["-c", path]);
  await proxy.ready();
  await Promise.all(Array.from({ length: 10 }, () => sayHello(port, 50)));
  assertEquals(await proxy.stop(), 0);
  assertEquals(proxy.stdout, "");
  const lines = (await Deno.readTextFile(folder.file("access.log"))).trimEnd().split("\n");
  const records = lines.map((line) => JSON.parse(line));
  assertEquals(new Set(records.map((record) => record.id)).size, 500);
  for (const record of records) {
    assertEquals(Object.keys(record), FIELDS);
    assertEquals([record.reason, record.bytes_up, record.bytes_down], ["client_closed", 6, 6]);
  }
  for (const line of proxy.stderr.trimEnd().split("\n")) {
    assertEquals(typeof JSON.parse(line).message, "string");
  }
});

for (const workers of [1, 2]) {
  Deno.test({
    name: `access log: with an interval, a connection that lasts has lines of its own (workers: ${workers})`,
    ignore: workers > 1 && Deno.build.os !== "linux",
    fn: async () => {
      await using folder = new TemporaryFolder();
      await using target = new TestTarget(echo);
      const port = freePort();
      const root = config(port, target.address, { format: "json", access_interval: "50ms" });
      await using proxy = program(["-c", await folder.config({ ...root, workers })]);
      await proxy.ready();
      using conn = await connectTo(port);
      await conn.write(HELLO);
      await proxy.waitFor(`"reason":"active","bytes_up":6,"bytes_down":6`, 2);
      await conn.closeWrite();
      await proxy.waitFor(`"reason":"client_closed"`);
      assertEquals(await proxy.stop(), 0);
      const records = proxy.lines.map((line) => JSON.parse(line));
      assertEquals(new Set(records.map(({ id }) => id)).size, 1);
      assertEquals(records.filter(({ reason }) => reason !== "active").length, 1);
      assertEquals(records.at(-1)?.reason, "client_closed");
      const durations = records.map(({ duration_ms: ms }) => ms);
      assertEquals(durations, durations.toSorted((a, b) => a - b));
    },
  });
}

for (const signal of ["SIGHUP", "SIGUSR2"] as const) {
  Deno.test({
    name: `access log: ${signal} opens the file anew after it was renamed`,
    ignore: Deno.build.os === "windows",
    fn: async () => {
      await using folder = new TemporaryFolder();
      await using target = new TestTarget(echo);
      const port = freePort();
      await using proxy = program([
        "-c",
        await folder.config(config(port, target.address, { access: "a.log" })),
      ]);
      await proxy.ready();
      await sayHello(port);
      await Deno.rename(folder.file("a.log"), folder.file("a.log.1"));
      proxy.signal(signal);
      await proxy.waitFor(`${signal}: reopened the access log`);
      await sayHello(port, 2);
      assertEquals(await proxy.stop(), 0);
      const all = await Promise.all(["a.log", "a.log.1"].map((name) => Deno.readTextFile(folder.file(name))));
      assertEquals(all.join("").match(/ web #\d /g)?.toSorted(), [" web #1 ", " web #2 ", " web #3 "]);
      assertMatch(all[0] ?? "", / web #3 /);
    },
  });
}

Deno.test("access log: a file that cannot be opened is reported at its line, and ends with 2", async () => {
  await using folder = new TemporaryFolder();
  const path = await folder.config(config(freePort(), "127.0.0.1:9", { access: "nowhere/a.log" }));
  await using proxy = program(["-c", path]);
  assertEquals(await proxy.code, 2);
  assertMatch(proxy.stderr, /log\.access: its directory ".*nowhere" does not exist; create it/);
});

Deno.test({
  name:
    "access log: a pipe whose reader is gone stops nothing, at SIGHUP neither, and gets lines when one is back",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using folder = new TemporaryFolder();
    await using target = new TestTarget(echo);
    const port = freePort();
    const fifo = folder.file("fifo");
    assertEquals(new Deno.Command("mkfifo", { args: [fifo] }).outputSync().success, true);
    const path = await folder.config(config(port, target.address, { access: "fifo" }));
    await using early = program(["-c", path]);
    assertEquals(await early.code, 1);
    assertStringIncludes(early.stderr, "it is a pipe that no process reads; start its reader first");

    // A reader must be there while the proxy starts; a shell waits in its redirection for the proxy to open the pipe.
    const reader = new Deno.Command("sh", { args: ["-c", 'head -n 1 < "$0"', fifo], stdout: "piped" })
      .spawn();
    const read = reader.output();
    await using proxy = program(["-c", path]);
    await proxy.ready();
    using open = await connectTo(port);
    await sayHello(port);
    assertMatch(new TextDecoder().decode((await read).stdout), / web #\d /);
    proxy.signal("SIGHUP");
    await proxy.waitFor("it is a pipe that no process reads");
    await proxy.waitFor("the old file stays in use");
    await sayHello(port);
    assertEquals(await exchange(open, HELLO), HELLO);

    const next = new Deno.Command("head", { args: ["-n", "1", fifo], stdout: "piped" }).spawn();
    assertMatch(new TextDecoder().decode((await next.output()).stdout), / web #\d /);
    assertEquals(await proxy.stop(), 0);
  },
});

/** The name of an app, written 200 times a line: few of these reach the 8 MiB that the log holds for a reader. */
const LONG_NAME = "x".repeat(60);
const STALLED = "write the access log: its reader has stalled; lines are dropped until it reads again";

for (const access of ["fifo", true] as const) {
  Deno.test({
    name: `access log: a stopped reader of ${
      access === true ? "stdout" : "a named pipe"
    } costs lines, which are counted, and no connection`,
    ignore: Deno.build.os === "windows",
    fn: async () => {
      await using folder = new TemporaryFolder();
      await using target = new TestTarget(echo);
      const port = freePort();
      const fifo = folder.file("fifo");
      assertEquals(new Deno.Command("mkfifo", { args: [fifo] }).outputSync().success, true);
      const path = await folder.config({
        log: { access, format: `{id} ${"{app}".repeat(200)} {reason}` },
        apps: [{ name: LONG_NAME, listen: [`127.0.0.1:${port}`], targets: [target.address] }],
      });
      const reader = new Deno.Command("cat", { args: [fifo], stdout: "piped" }).spawn();
      let isRunning = true;
      const ended = reader.status.then(() => isRunning = false);
      using cleanup = new DisposableStack();
      cleanup.defer(() => isRunning && reader.kill("SIGKILL"));
      const read = new Response(reader.stdout).text();
      await using proxy = program(["-c", path], access === true ? { shell: `exec >'${fifo}';` } : {});
      await proxy.ready();
      using open = await connectTo(port);
      await sayHello(port);

      reader.kill("SIGSTOP");
      let sessions = 1;
      while (!proxy.stderr.includes(STALLED)) {
        await Promise.all(Array.from({ length: 10 }, () => sayHello(port)));
        sessions += 10;
        assert(sessions < 5000, "lines are neither written nor dropped");
      }
      await sayHello(port, 20);
      sessions += 20;
      assertEquals(await exchange(open, HELLO), HELLO);
      sessions += 1;

      reader.kill("SIGCONT");
      await proxy.waitFor("write the access log: it works again");
      await sayHello(port, 3);
      sessions += 3;
      assertEquals(await proxy.stop(), 0);
      const lines = (await read).split("\n").slice(0, -1);
      await ended;
      const dropped = Number(/it works again; (\d+) lines were dropped/.exec(proxy.stderr)?.[1]);
      // With workers a line may come up to 50 ms after its session's end, when there is room again.
      assert(dropped >= 1, `${dropped} lines were dropped`);
      assertEquals(lines.length + dropped, sessions);
      const whole = lines.flatMap((line) => /^(\d+) x{12000} client_closed$/.exec(line)?.[1] ?? []);
      assertEquals(new Set(whole).size, lines.length, "a line is cut, or there twice");
      assertEquals(proxy.stderr.split(STALLED).length, 2, "the episode is reported once");
    },
  });
}

Deno.test({
  name: "access log: /dev/stdout and /dev/stderr are the process's own, and need no permission",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using folder = new TemporaryFolder();
    await using target = new TestTarget(echo);
    for (const stream of ["stdout", "stderr"] as const) {
      const port = freePort();
      const path = await folder.config(config(port, target.address, { access: `/dev/${stream}` }));
      await using proxy = program(["-c", path], { permissions: ["--allow-net", "--allow-read"] });
      await proxy.ready();
      await sayHello(port);
      assertEquals(await proxy.stop(), 0);
      assertMatch(proxy[stream], / client_closed {6}web #1 /);
    }
  },
});

Deno.test("logs: pipes that nobody reads any more do not stop traffic", async () => {
  await using folder = new TemporaryFolder();
  await using target = new TestTarget(echo);
  const port = freePort();
  const path = await folder.config(config(port, target.address, {}));
  await using proxy = program(["-c", path]);
  await proxy.ready();
  await proxy.stopReading();
  await sayHello(port, 300);
  assertEquals(target.accepted, 300);
  assertEquals(await proxy.stop(), 0);
});

Deno.test("no target: one warning says what was answered, and the client is closed", async () => {
  await using folder = new TemporaryFolder();
  const port = freePort();
  const target = refusingAddress();
  await using proxy = program(["-c", await folder.config(config(port, target, {}))]);
  await proxy.ready();
  {
    using conn = await connectTo(port);
    assertEquals(await conn.read(new Uint8Array(1)), null);
  }
  assertEquals(await proxy.stop(), 0);
  assertStringIncludes(
    proxy.stderr,
    `app "web": no target could be reached: ${target}: connection refused (ECONNREFUSED)`,
  );
  assert(proxy.stdout.includes("no_target"));
});
