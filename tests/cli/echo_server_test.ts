import { assertEquals, assertRejects } from "@std/assert";
import { type Address, formatAddress } from "../../lib/base/mod.ts";
import { closeAll, openEchoServers } from "../../lib/cli/echo_server.ts";
import { ListenError } from "../../lib/listen/mod.ts";
import { connectTo, exchange, randomBytes, resettingClient } from "../helpers/clients.ts";

const ANY: Address = { kind: "tcp", host: "127.0.0.1", port: 0 };

async function withEcho(use: (port: number) => Promise<void>): Promise<void> {
  const servers = await openEchoServers([ANY]);
  const [address] = servers.map((server) => server.address);
  try {
    await use(address?.kind === "tcp" ? address.port : 0);
  } finally {
    await closeAll(servers);
  }
}

Deno.test("EchoServer: a client that finishes sending still gets all of its answer", async () => {
  await withEcho(async (port) => {
    using conn = await connectTo(port);
    const sent = randomBytes(1024 * 1024);
    assertEquals(await exchange(conn, sent), sent);
  });
});

Deno.test("EchoServer: outlives a client that resets, and closes those that stay", async () => {
  await withEcho(async (port) => {
    const rude = await resettingClient(port);
    await rude.write(randomBytes(1000));
    await rude.received(1000);
    await rude.reset();
    using conn = await connectTo(port);
    await conn.write(new Uint8Array([1]));
    assertEquals(await conn.read(new Uint8Array(1)), 1);
  });
});

Deno.test("openEchoServers: where one address is taken, none is left open", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const second: Address = { kind: "tcp", host: "127.0.0.1", port: taken.addr.port };
  await assertRejects(
    () => openEchoServers([ANY, second]),
    ListenError,
    `listen on ${formatAddress(second)}`,
  );
});
