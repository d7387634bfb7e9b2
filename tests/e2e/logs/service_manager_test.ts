import { assert, assertEquals, assertMatch } from "@std/assert";
import { connectTo } from "../../helpers/clients.ts";
import { freePort } from "../../helpers/free_ports.ts";
import { DatagramServer } from "../../helpers/servers/log_servers.ts";
import { BINARY, program, programRuntime } from "../../helpers/programs/program.ts";
import { echo, TestTarget } from "../../helpers/targets.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";

const isLinux = Deno.build.os === "linux";
const [, minor = 0] = programRuntime().split(".").map(Number);
const hasAbstractNames = minor >= 9;

async function withManaged(
  { workers, socket, permissions }: { workers: number; socket: string; permissions?: readonly string[] },
  use: (running: {
    proxy: ReturnType<typeof program>;
    write: (shutdown: Record<string, string>) => Promise<void>;
    port: number;
  }) => Promise<void>,
): Promise<void> {
  await using folder = new TemporaryFolder();
  await using target = new TestTarget(echo);
  const port = freePort();
  const write = async (shutdown: Record<string, string>): Promise<void> => {
    const apps = [{ name: "web", listen: [`127.0.0.1:${port}`], targets: [target.address] }];
    await folder.config({ workers, shutdown, apps });
  };
  await write({ ["drain_timeout"]: "1h" });
  await using proxy = program(["-c", folder.file("config.yaml")], {
    shell: `NOTIFY_SOCKET='${socket}' WATCHDOG_USEC=200000`,
    ...(permissions === undefined ? {} : { permissions }),
  });
  await use({ proxy, write, port });
}

for (const workers of [1, 2]) {
  Deno.test({
    name: `systemd: gets ready, reloads, signs of life and the end (workers: ${workers})`,
    ignore: !isLinux,
    fn: async () => {
      await using folder = new TemporaryFolder();
      const socket = folder.file("notify");
      await using manager = DatagramServer.unix(socket);
      await withManaged({ workers, socket }, async ({ proxy, write, port }) => {
        assertEquals(await manager.received("READY=1"), "READY=1\nSTATUS=accepting on 1 address");
        await manager.received("WATCHDOG=1");
        // What a reload brings counts at the end.
        await write({ delay: "1h", ["drain_timeout"]: "2h" });
        proxy.signal("SIGHUP");
        assertMatch(
          await manager.received("RELOADING=1"),
          /^RELOADING=1\nSTATUS=reloading(\nMONOTONIC_USEC=\d+)?$/,
        );
        await manager.received("READY=1\nSTATUS=running, the config is reloaded");
        await write({ delay: "never" });
        proxy.signal("SIGHUP");
        await manager.received("READY=1\nSTATUS=running, the last reload was refused: ");
        const signs = manager.messages.length;
        proxy.signal("SIGTERM");
        assertEquals(
          await manager.received("STOPPING=1"),
          "STOPPING=1\nEXTEND_TIMEOUT_USEC=10810000000\nSTATUS=SIGTERM: stopping",
        );
        await proxy.waitFor("SIGTERM: stopping in 3600 s, accepting until then");
        (await connectTo(port)).close();
        // It is alive while it drains, too.
        while (!manager.messages.slice(signs).includes("WATCHDOG=1")) await pause();
        await new Promise((resolve) => setTimeout(resolve, 1000));
        proxy.signal("SIGTERM");
        assertEquals(await proxy.code, 0);
      });
    },
  });
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 10));
}

Deno.test({
  name: `systemd: an abstract socket ${hasAbstractNames ? "is reported" : "is a warning on this runtime"}`,
  ignore: !isLinux,
  fn: async () => {
    const name = `tcpproxy-test-${crypto.randomUUID()}`;
    // A runtime that cannot send there cannot listen there either.
    await using manager = minorOfTest() >= 9 ? DatagramServer.unix(`\0${name}`) : undefined;
    await withManaged({ workers: 1, socket: `@${name}` }, async ({ proxy }) => {
      await proxy.ready();
      if (hasAbstractNames) await manager?.received("READY=1");
      else await proxy.waitFor("is an abstract name; only Deno 2.9 and newer can send there");
      assertEquals(await proxy.stop(), 0);
    });
  },
});

function minorOfTest(): number {
  return Number(Deno.version.deno.split(".")[1]);
}

Deno.test({
  name: "systemd: without the permission for its variables the program runs as ever, and tells nobody",
  ignore: !isLinux || BINARY !== undefined,
  fn: async () => {
    await using folder = new TemporaryFolder();
    const socket = folder.file("notify");
    await using manager = DatagramServer.unix(socket);
    const permissions = ["--allow-net", "--allow-read", "--allow-write"];
    await withManaged({ workers: 1, socket, permissions }, async ({ proxy }) => {
      await proxy.ready();
      assertEquals(await proxy.stop(), 0);
      assert(!proxy.stderr.includes("service manager"));
    });
    assertEquals(manager.messages, []);
  },
});
