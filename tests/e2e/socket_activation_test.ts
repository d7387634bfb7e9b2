import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { connectTo, exchange } from "../helpers/clients.ts";
import { freePort } from "../helpers/free_ports.ts";
import { hasLinuxSockets } from "../helpers/connections/linux_transport.ts";
import { ALL_PERMISSIONS, program, runProgram } from "../helpers/programs/program.ts";
import { activatedBy } from "../helpers/programs/systemd.ts";
import { echo, TestTarget } from "../helpers/targets.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { missingTools } from "../helpers/programs/tools.ts";
import { utf8 } from "../helpers/bytes.ts";

const missing = hasLinuxSockets ? missingTools("systemd-socket-activate") : ["Linux"];
const PERMISSIONS = [...ALL_PERMISSIONS, "--allow-ffi"];

function test(what: string, fn: () => Promise<void>): void {
  const name = `socket activation: ${what}`;
  Deno.test({
    name: missing.length === 0 ? name : `${name} (ignored: missing ${missing.join(", ")})`,
    ignore: missing.length > 0,
    fn,
  });
}

async function say(conn: Deno.Conn): Promise<void> {
  try {
    assertEquals(await exchange(conn, utf8("hello")), utf8("hello"));
  } finally {
    conn.close();
  }
}

test("apps accept on passed sockets by name and by address, in all workers, and through reloads", async () => {
  await using folder = new TemporaryFolder();
  await using target = new TestTarget(echo);
  const [named, addressed, unused, admin] = [freePort(), freePort(), freePort(), freePort()];
  const path = folder.file("app.sock");
  const write = (names: readonly string[], round: number): Promise<string> =>
    folder.config({
      engine: "native",
      workers: 2,
      admin: { listen: `127.0.0.1:${admin}` },
      apps: [
        {
          name: "web",
          listen: [`127.0.0.1:${addressed}`],
          targets: [target.address],
          idle_timeout: `${round}m`,
        },
        { name: "passed", listen: names.map((name) => `systemd:${name}`), targets: [target.address] },
      ],
    });
  const config = await write(["web", "files"], 1);
  await using proxy = program(["-c", config], {
    permissions: PERMISSIONS,
    shell: activatedBy([
      { address: `127.0.0.1:${named}`, name: "web" },
      { address: path, name: "files" },
      { address: `127.0.0.1:${addressed}`, name: "other" },
      { address: `127.0.0.1:${unused}`, name: "spare" },
    ]),
  });
  await proxy.waitFor("Listening on", 4);
  // Waits in the queue until the program accepts.
  const first = connectTo(named);
  await proxy.ready();
  await say(await first);
  assertStringIncludes(
    proxy.stderr,
    `systemd passes the socket "spare" (127.0.0.1:${unused}), and no app listens`,
  );
  const reach = async (): Promise<void> => {
    for (let round = 0; round < 4; round++) {
      await say(await connectTo(named));
      await say(await connectTo(addressed));
      await say(await Deno.connect({ transport: "unix", path }));
    }
  };
  await reach();
  const reload = async (): Promise<Response> =>
    await fetch(`http://127.0.0.1:${admin}/api/reload`, { method: "POST" });
  // Leaves one and begins to use another; what is left is taken up again.
  await write(["web", "spare"], 2);
  await (await reload()).json();
  await say(await connectTo(unused));
  await write(["web", "files"], 3);
  await (await reload()).json();
  await reach();
  await write(["nobody"], 4);
  const refused = await reload();
  assertEquals(refused.status, 409);
  assertStringIncludes(
    await refused.text(),
    'systemd passed no socket of this name, but \\"web\\", \\"files\\", \\"other\\", \\"spare\\"',
  );
  await reach();
  assertEquals(await proxy.stop(), 0);
  // The file is systemd's.
  assertEquals((await Deno.lstat(path)).isSocket, true);
});

test("a datagram socket is refused with the reason", async () => {
  await using folder = new TemporaryFolder();
  const path = folder.file("datagrams");
  const config = await folder.config({
    engine: "native",
    apps: [{ name: "web", listen: ["systemd:web"], targets: ["127.0.0.1:1"] }],
  });
  await using proxy = program(["-c", config], {
    permissions: PERMISSIONS,
    shell: activatedBy([{ address: path, name: "web" }], { datagram: true }),
  });
  await proxy.waitFor("Listening on");
  const sender = Deno.listenDatagram({ transport: "unixpacket", path: folder.file("sender") });
  await sender.send(utf8("x"), { transport: "unixpacket", path });
  sender.close();
  assertEquals(await proxy.code, 1);
  assertStringIncludes(
    proxy.stderr,
    'start: the socket "web" that systemd passes (descriptor 3) is a datagram socket (ListenDatagram=); ' +
      "pass listening stream sockets alone (ListenStream=, Accept=no)",
  );
});

test("without systemd, and with the other engine, the start says what is missing", async () => {
  await using folder = new TemporaryFolder();
  const config = await folder.config({
    apps: [{ name: "web", listen: ["systemd:web"], targets: ["127.0.0.1:1"] }],
  });
  const run = (engine: string): ReturnType<typeof runProgram> =>
    runProgram(["-c", config, "--engine", engine], { permissions: PERMISSIONS });
  const [native, runtime] = await Promise.all([run("native"), run("runtime")]);
  assertEquals([native.code, runtime.code], [1, 1]);
  assertMatch(
    native.stderr,
    /app "web": listen on systemd:web: systemd passed no socket; start the service by/,
  );
  assertMatch(
    runtime.stderr,
    /app "web": listen on systemd:web: the runtime's sockets cannot be passed ones/,
  );
});
