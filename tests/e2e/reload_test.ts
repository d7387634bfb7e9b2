import { assert, assertEquals, assertMatch, assertStrictEquals, assertStringIncludes } from "@std/assert";
import { utf8 } from "../helpers/bytes.ts";
import { connectTo, exchange, readExactly, readToEnd, writeAll } from "../helpers/clients.ts";
import { freePort } from "../helpers/free_ports.ts";
import { type Program, program, programRuntime, runCommand } from "../helpers/programs/program.ts";
import { assertShown, renew } from "../helpers/tls/renewal.ts";
import { echo, TestTarget } from "../helpers/targets.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { terminating } from "../helpers/tls/tls_app.ts";
import { connectTls } from "../helpers/tls/tls_client.ts";
import { TlsLab } from "../helpers/tls/tls_lab.ts";
import { hasTool, missingTools } from "../helpers/programs/tools.ts";

const isWindows = Deno.build.os === "windows";

/** Why the program cannot be seen to reload; empty when it can. */
function obstacle(): string {
  if (isWindows) return "no SIGHUP here";
  const missing = missingTools("openssl");
  if (missing.length > 0) return `${missing.join(", ")} not found`;
  const [major = 0, minor = 0] = programRuntime().split(".").map(Number);
  const hasTls = major > 2 || (major === 2 && minor >= 9);
  return hasTls ? "" : `Deno ${major}.${minor}, on which the program runs, has no TLS server for it`;
}

interface Running {
  readonly proxy: Program;
  readonly port: number;
  readonly lab: TlsLab;
}

/** The exit code of a process that the signal has ended, as shells tell it. */
const SIGHUP_CODE = 128 + 1;

/** A test with a program that ends TLS with the lab's certificate. */
function test(name: string, root: Record<string, unknown>, use: (running: Running) => Promise<void>): void {
  const reason = obstacle();
  Deno.test({
    name: reason === "" ? name : `${name} (ignored: ${reason})`,
    ignore: reason !== "",
    fn: async () => {
      using lab = new TlsLab();
      await using folder = new TemporaryFolder();
      await using target = new TestTarget(echo);
      const port = freePort();
      const app = {
        name: "web",
        listen: [`127.0.0.1:${port}`],
        targets: [target.address],
        ...terminating(lab),
      };
      const config = await folder.config({ ...root, apps: [app] });
      await using proxy = program(["-c", config]);
      await proxy.ready();
      await use({ proxy, port, lab });
    },
  });
}

async function pass(conn: Deno.Conn): Promise<void> {
  await writeAll(conn, utf8("still here"));
  assertEquals(await readExactly(conn, 10), utf8("still here"));
}

for (const workers of [1, 2]) {
  if (workers > 1 && Deno.build.os !== "linux") continue;
  test(`SIGHUP: the next handshake shows the new certificate, what is open goes on (workers: ${workers})`, {
    workers,
  }, async ({ proxy, port, lab }) => {
    const { conn } = await connectTls(port, { ca: lab.ca.cert });
    using open = conn;
    await pass(open);
    const next = renew(lab);
    proxy.signal("SIGHUP");
    await proxy.waitFor('SIGHUP: certificates of app "web": ');
    await assertShown(port, next);
    await pass(open);
    assertMatch(
      proxy.stderr,
      /info {4}proxy: SIGHUP: certificates of app "web": \S+local\.pem is new, valid until \d{4}-\d\d-\d\d; \S+local\.key is new\n/,
    );
    proxy.signal("SIGHUP");
    await proxy.waitFor("SIGHUP: the config and its files have not changed");

    lab.folder.write("local.pem", lab.local.cert.slice(0, 200));
    proxy.signal("SIGHUP");
    await proxy.waitFor("; the old config stays in effect");
    assertStringIncludes(
      proxy.stderr,
      `error   proxy: SIGHUP: app "web": ${lab.local.certFile}: certificate 1 is cut off`,
    );
    await assertShown(port, next);
    assertEquals(await exchange(open, utf8("bye")), utf8("bye"));
    assertStrictEquals(await proxy.stop(), 0);
    assert(!proxy.stderr.includes("defect"), proxy.stderr);
  });
}

test("SIGHUP: many in a row, and one while it drains, do no harm", {}, async ({ proxy, port, lab }) => {
  const { conn } = await connectTls(port, { ca: lab.ca.cert });
  using open = conn;
  await pass(open);
  for (let times = 0; times < 50; times++) proxy.signal("SIGHUP");
  await proxy.waitFor("SIGHUP: the config and its files have not changed");
  await pass(open);
  proxy.signal("SIGTERM");
  await proxy.waitFor("SIGTERM: no longer accepting");
  renew(lab);
  proxy.signal("SIGHUP");
  await proxy.waitFor('SIGHUP: certificates of app "web": ');
  assertEquals(await exchange(open, utf8("bye")), utf8("bye"));
  assertStrictEquals(await proxy.code, 0);
});

for (const workers of [1, 2]) {
  if (workers > 1 && Deno.build.os !== "linux") continue;
  Deno.test({
    name:
      `reload: by SIGHUP, by the command and by a watched file; a bad one changes nothing (workers: ${workers})`,
    ignore: isWindows,
    fn: async () => {
      await using folder = new TemporaryFolder();
      await using first = new TestTarget(echo);
      await using second = new TestTarget(echo);
      const [port, admin] = [freePort(), freePort()];
      const root = { workers, watch: true, admin: { listen: `127.0.0.1:${admin}` } };
      const write = async (app: Record<string, unknown>): Promise<string> =>
        await folder.config({ ...root, apps: [{ name: "web", listen: [`127.0.0.1:${port}`], ...app }] });
      const config = await write({ targets: [first.address] });
      await using proxy = program(["-c", config]);
      await proxy.ready();
      using open = await connectTo(port);
      await pass(open);

      // Replaced, as editors do it, with what cannot be used: nothing changes.
      await Deno.writeTextFile(folder.file("next"), "apps: [{ name: web, listen: 3 }]\n");
      await Deno.rename(folder.file("next"), config);
      await proxy.waitFor("watch: ");
      await proxy.waitFor("; the old config stays in effect");
      using during = await connectTo(port);
      await pass(during);

      // Written in place; the watch takes it up by itself.
      await write({ targets: [second.address], idle_timeout: "5m" });
      await proxy.waitFor(`watch: app "web" changed: target ${second.address} added`);
      using next = await connectTo(port);
      await pass(next);
      assertEquals([first.accepted, second.accepted], [2, 1]);
      await pass(open);

      const url = `http://127.0.0.1:${admin}`;
      const same = await runCommand(["reload", "--url", url]);
      assertEquals([same.code, same.stdout.trim()], [0, "nothing changes"]);
      const other = await folder.config({
        ...root,
        apps: [{ name: "web", listen: [`127.0.0.1:${port}`], targets: [first.address] }],
      });
      proxy.signal("SIGHUP");
      await proxy.waitFor("SIGHUP: ");
      const planned = await runCommand(["check", "-c", other, "--against", url]);
      assertEquals([planned.code, planned.stderr], [0, ""]);
      // The drain would wait for them.
      for (const conn of [open, during, next]) {
        await conn.closeWrite();
        await readToEnd(conn);
      }
      assertStrictEquals(await proxy.stop(), 0);
      assert(!proxy.stderr.includes("internal error"), proxy.stderr);
    },
  });
}

Deno.test({
  name: "SIGHUP: one that comes while the config is read is obeyed when the proxy runs",
  ignore: isWindows || !hasTool("mkfifo"),
  fn: async () => {
    await using folder = new TemporaryFolder();
    const path = folder.file("config.yaml");
    await new Deno.Command("mkfifo", { args: [path] }).output();
    await using proxy = program(["-c", path]);
    // It can be opened when the program reads it.
    using pipe = await Deno.open(path, { write: true });
    proxy.signal("SIGHUP");
    const app = { name: "web", listen: [`127.0.0.1:${freePort()}`], targets: ["127.0.0.1:1"] };
    await pipe.write(utf8(JSON.stringify({ apps: [app] })));
    pipe.close();
    await proxy.waitFor("SIGHUP: the config and its files have not changed");
    assertStrictEquals(await proxy.stop(), 0);
  },
});

Deno.test({
  name: "SIGHUP: forward and echo, which have no file, end with the terminal that they were started in",
  ignore: isWindows,
  fn: async () => {
    const [port, behind] = [freePort(), freePort()];
    await using server = program(["echo", String(behind)]);
    await server.waitFor("echo on ");
    await using proxy = program(["forward", `127.0.0.1:${port}`, `127.0.0.1:${behind}`]);
    await proxy.ready();
    server.signal("SIGHUP");
    proxy.signal("SIGHUP");
    assertEquals(await Promise.all([proxy.code, server.code]), [SIGHUP_CODE, SIGHUP_CODE]);
  },
});
