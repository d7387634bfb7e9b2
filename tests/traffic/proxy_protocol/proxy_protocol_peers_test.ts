import { assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { formatAddress } from "../../../lib/base/mod.ts";
import { utf8 } from "../../helpers/bytes.ts";
import { exchange, readAll, readExactly, writeAll } from "../../helpers/clients.ts";
import { connectWhenListening, withHaproxy, withLoadBalancer } from "../../helpers/servers/haproxy.ts";
import { missingNginx, withNginx } from "../../helpers/servers/nginx.ts";
import { withProxy } from "../../helpers/proxy/proxy.ts";
import { echo, TestTarget } from "../../helpers/targets.ts";
import { missingTools } from "../../helpers/programs/tools.ts";

const ACCEPT = { "proxy_protocol": { accept: "required", from: ["127.0.0.1"] } };
const DATA = utf8("data of the client");

/** A test with a real peer. */
function live(name: string, missing: readonly string[], fn: () => Promise<void>): void {
  const reason = missing.length === 0 ? "" : ` (ignored: ${missing.join(", ")} not found)`;
  Deno.test({ name: `${name}${reason}`, ignore: missing.length > 0, fn });
}

const haproxy = missingTools("haproxy");
const nginx = missingNginx();

for (const server of ["send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c"]) {
  live(`proxy_protocol.accept: HAProxy with ${server}`, haproxy, async () => {
    await using target = new TestTarget(echo);
    await withProxy({ ...ACCEPT, targets: [target.address] }, async (proxy) => {
      await withLoadBalancer({ targetPort: proxy.port, server }, async (connect) => {
        using client = await connect();
        assertEquals(await exchange(client, DATA), DATA);
        const session = await proxy.outcome();
        assertStrictEquals(formatAddress(session.client), `127.0.0.1:${client.localAddr.port}`);
        assertStrictEquals(session.reason, "client_closed");
      });
    });
  });
}

for (const version of ["send-proxy", "send-proxy-v2"]) {
  live(
    `proxy_protocol.accept: the checks of HAProxy with ${version} get through to the target`,
    haproxy,
    async () => {
      await using target = new TestTarget(echo);
      await withProxy({ ...ACCEPT, targets: [target.address] }, async (proxy) => {
        // A check that wants no answer resets its connection before it can be accepted.
        const lines = ["option tcp-check", "tcp-check send PING", "tcp-check expect string PING"];
        const server = `${version} check inter 50ms`;
        await withLoadBalancer({ targetPort: proxy.port, server, lines }, async () => {
          const session = await proxy.outcome();
          assertMatch(session.reason ?? "", /^client_(closed|reset)$/);
          assertStrictEquals(session.up.bytes, 4);
          assertStrictEquals(session.client.kind === "tcp" && session.client.host, "127.0.0.1");
        });
      });
    },
  );
}

for (const send of ["v1", "v2"] as const) {
  live(`proxy_protocol.send: HAProxy with accept-proxy understands ${send}`, haproxy, () =>
    withHaproxy({
      bind: "accept-proxy",
      server: "send-proxy",
      use: async ({ port, target }) => {
        (await connectWhenListening(port)).close();
        await withProxy({ targets: [`127.0.0.1:${port}`], proxy_protocol: { send } }, async (proxy) => {
          using client = await proxy.connect();
          await writeAll(client, DATA);
          await client.closeWrite();
          using conn = await target.accept();
          const text = new TextDecoder().decode(await readAll(conn));
          const { port: own } = client.localAddr;
          assertEquals(
            text,
            `PROXY TCP4 127.0.0.1 127.0.0.1 ${own} ${proxy.port}\r\ndata of the client`,
          );
        });
      },
    }));

  live(`proxy_protocol.send: nginx with proxy_protocol understands ${send}`, nginx, () =>
    withNginx({
      listen: "proxy_protocol",
      body: `return "$proxy_protocol_addr:$proxy_protocol_port $proxy_protocol_server_port";`,
    }, async (port) => {
      await withProxy({ targets: [`127.0.0.1:${port}`], proxy_protocol: { send } }, async (proxy) => {
        using client = await proxy.connect();
        const text = new TextDecoder().decode(await readAll(client));
        assertEquals(text, `127.0.0.1:${client.localAddr.port} ${proxy.port}`);
      });
    }));
}

live("proxy_protocol.accept: nginx with proxy_protocol on", nginx, async () => {
  await using target = new TestTarget(echo);
  await withProxy({ ...ACCEPT, targets: [target.address] }, async (proxy) => {
    const body = `proxy_pass 127.0.0.1:${proxy.port}; proxy_protocol on;`;
    await withNginx({ body }, async (port) => {
      using client = await Deno.connect({ hostname: "127.0.0.1", port });
      await writeAll(client, DATA);
      assertEquals(await readExactly(client, DATA.length), DATA);
      await client.closeWrite();
      assertStrictEquals(
        formatAddress((await proxy.outcome()).client),
        `127.0.0.1:${client.localAddr.port}`,
      );
    });
  });
});

live("proxy_protocol.accept: curl --haproxy-protocol", missingTools("curl"), async () => {
  await using target = new TestTarget(async (conn) => {
    await conn.read(new Uint8Array(1000));
    await writeAll(conn, utf8("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"));
    await conn.closeWrite();
  });
  await withProxy({ ...ACCEPT, targets: [target.address] }, async (proxy) => {
    const { stdout } = await new Deno.Command("curl", {
      args: [
        ...["--silent", "--noproxy", "*", "--haproxy-protocol", "--write-out", " %{local_port}"],
        `http://127.0.0.1:${proxy.port}/`,
      ],
      stdin: "null",
    }).output();
    const [body, port] = new TextDecoder().decode(stdout).split(" ");
    assertStrictEquals(body, "ok");
    assertStrictEquals(formatAddress((await proxy.outcome()).client), `127.0.0.1:${port}`);
  });
});
