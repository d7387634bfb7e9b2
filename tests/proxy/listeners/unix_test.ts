import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { StartError } from "../../../lib/proxy/mod.ts";
import { utf8 } from "../../helpers/bytes.ts";
import { exchange, randomBytes, readToEnd, writeAll } from "../../helpers/clients.ts";
import { withProxy } from "../../helpers/proxy/proxy.ts";
import { assertSameBytes } from "../../helpers/same_bytes.ts";
import { echo, TestTarget } from "../../helpers/targets.ts";

/** Registers a test with a directory of its own; systems without unix sockets leave it out. */
function unixTest(name: string, use: (directory: string) => Promise<void>): void {
  Deno.test({
    name,
    ignore: Deno.build.os === "windows",
    fn: async (): Promise<void> => {
      const directory = await Deno.makeTempDir();
      try {
        await use(directory);
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    },
  });
}

unixTest("Proxy: unix sockets on both sides carry 1 MiB with half-close", async (directory) => {
  const path = `${directory}/listen.sock`;
  await using target = new TestTarget(echo, { path: `${directory}/target.sock` });
  await withProxy({ targets: [target.address], listen: [`unix:${path}`] }, async (proxy) => {
    using client = await Deno.connect({ transport: "unix", path });
    const request = randomBytes(1024 * 1024);
    assertSameBytes(await exchange(client, request), request);
    const session = await proxy.outcome();
    assertEquals([session.reason, session.target?.label], ["client_closed", target.address]);
  });
});

unixTest(
  "Proxy: who may come to a unix socket, its file says, and a PROXY header that names a client",
  async (directory) => {
    const path = `${directory}/in.sock`;
    await using target = new TestTarget(echo);
    const accept = { "proxy_protocol": { accept: "required", from: ["127.0.0.1"] } };
    const app = { ...accept, targets: [target.address], listen: [`unix:${path}`], allow: ["10.0.0.0/8"] };
    const cases = [
      ["PROXY UNKNOWN", "client_closed"],
      ["PROXY TCP4 10.0.0.1 10.0.0.2 1 2", "client_closed"],
      ["PROXY TCP4 192.0.2.1 10.0.0.2 1 2", "denied"],
    ] as const;
    await withProxy(app, async (proxy) => {
      for (const [header, reason] of cases) {
        using client = await Deno.connect({ transport: "unix", path });
        await writeAll(client, utf8(`${header}\r\n`));
        await client.closeWrite();
        await readToEnd(client);
        assertStrictEquals((await proxy.outcome()).reason, reason);
      }
    });
  },
);

unixTest("Proxy: the socket file goes with the proxy", async (directory) => {
  const path = `${directory}/listen.sock`;
  await withProxy({ targets: ["127.0.0.1:9"], listen: [`unix:${path}`] }, async () => {
    assert((await Deno.lstat(path)).isSocket);
  });
  await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
});

unixTest("Proxy.start: takes over the socket file of a process that has ended", async (directory) => {
  const path = `${directory}/listen.sock`;
  await leaveSocketFile(path);
  await using target = new TestTarget(echo);
  await withProxy({ targets: [target.address], listen: [`unix:${path}`] }, async () => {
    using client = await Deno.connect({ transport: "unix", path });
    assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
  });
});

unixTest("Proxy.start: leaves a socket alone that somebody listens on", async (directory) => {
  const path = `${directory}/listen.sock`;
  using other = Deno.listen({ transport: "unix", path });
  const error = await assertRejects(
    () =>
      withProxy({ name: "app", targets: ["127.0.0.1:9"], listen: [`unix:${path}`] }, () => Promise.resolve()),
    StartError,
  );
  assertStrictEquals(
    error.message,
    `start app "app": listen on unix:${path}: socket file already exists; choose another path, or stop the process that uses it`,
  );
  // The proxy's question whether anybody listens.
  using _probe = await other.accept();
  using client = await Deno.connect({ transport: "unix", path });
  using served = await other.accept();
  assert(served !== undefined && client !== undefined);
});

unixTest("Proxy.start: leaves a file alone that is no socket", async (directory) => {
  const path = `${directory}/notes.txt`;
  await Deno.writeTextFile(path, "keep me");
  const error = await assertRejects(
    () =>
      withProxy({ name: "app", targets: ["127.0.0.1:9"], listen: [`unix:${path}`] }, () => Promise.resolve()),
    StartError,
  );
  assertStrictEquals(
    error.message,
    `start app "app": listen on unix:${path}: a file that is no socket is there; choose another path, or remove it`,
  );
  assertStrictEquals(await Deno.readTextFile(path), "keep me");
});

unixTest("Proxy: a unix target that is not there is passed over", async (directory) => {
  await using target = new TestTarget(echo);
  const targets = [`unix:${directory}/nobody.sock`, target.address];
  await withProxy({ targets }, async (proxy) => {
    using client = await proxy.connect();
    assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
    const { failures } = await proxy.outcome();
    assertEquals(failures.map(({ code }) => code), ["ENOENT"]);
  }, { random: () => 0 });
});

/** Leaves a socket file behind that nobody listens on: closing a listener removes only the name that it was given. */
async function leaveSocketFile(path: string): Promise<void> {
  const listener = Deno.listen({ transport: "unix", path: `${path}.first` });
  await Deno.rename(`${path}.first`, path);
  listener.close();
}
