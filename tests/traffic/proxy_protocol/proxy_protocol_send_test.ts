import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { formatAddress } from "../../../lib/base/mod.ts";
import { parseProxyHeader } from "../../../lib/protocol/mod.ts";
import { concat, utf8 } from "../../helpers/bytes.ts";
import { exchange } from "../../helpers/clients.ts";
import { type TestProxy, withProxy } from "../../helpers/proxy/proxy.ts";
import { echo, neverAnswering, refusingAddress, TestTarget } from "../../helpers/targets.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";
import { expectKind } from "../../helpers/protocol/verdict.ts";

const DATA = utf8("data of the client");

/** What a target that echoes has received for a connection, taken apart. */
interface Received {
  readonly header: string;
  readonly data: Uint8Array;
}

async function receivedOf(client: Deno.Conn, sent = DATA): Promise<Received> {
  const reply = await exchange(client, sent);
  if (!isHeader(reply)) return { header: "none", data: reply };
  const { header, length } = expectKind(parseProxyHeader(reply), "header");
  const { source, destination } = header;
  const text = source === undefined || destination === undefined
    ? "of nobody"
    : `${formatAddress(source)} ${formatAddress(destination)}`;
  return { header: `${header.version} ${text}`, data: reply.subarray(length) };
}

function isHeader(bytes: Uint8Array): boolean {
  return bytes[0] === 0x0d || new TextDecoder().decode(bytes.subarray(0, 6)) === "PROXY ";
}

/** The addresses of a client's connection as a header has them. */
function ownAddresses(client: Deno.TcpConn, proxy: TestProxy): string {
  return `127.0.0.1:${client.localAddr.port} 127.0.0.1:${proxy.port}`;
}

for (const send of ["off", "v1", "v2"] as const) {
  Deno.test(`proxy_protocol.send: ${send} ${send === "off" ? "sends no header" : "sends one before the data"}`, async () => {
    await using target = new TestTarget(echo);
    await withProxy({ targets: [target.address], proxy_protocol: { send } }, async (proxy) => {
      using client = await proxy.connect();
      const wanted = send === "off" ? "none" : `${send} ${ownAddresses(client, proxy)}`;
      assertEquals(await receivedOf(client), { header: wanted, data: DATA });
      // The header is ours, and no byte of the client's.
      assertStrictEquals((await proxy.outcome()).up.bytes, DATA.length);
    });
  });
}

Deno.test("proxy_protocol of a target: wins over the app's, both ways", async () => {
  await using target = new TestTarget(echo);
  const { address } = target;
  const cases = [["v1", "v2", "v2"], ["off", "v1", "v1"], ["v2", "off", "none"]] as const;
  for (const [send, own, sent] of cases) {
    const app = { targets: [{ address, proxy_protocol: own }], "proxy_protocol": { send } };
    await withProxy(app, async (proxy) => {
      using client = await proxy.connect();
      const wanted = sent === "none" ? "none" : `${sent} ${ownAddresses(client, proxy)}`;
      assertEquals(await receivedOf(client), { header: wanted, data: DATA });
    });
  }
});

Deno.test("proxy_protocol.send: after a target that refuses, the next one gets one header", async () => {
  await using target = new TestTarget(echo);
  const app = {
    targets: [refusingAddress(), target.address],
    balance: "first",
    "proxy_protocol": { send: "v1" },
  };
  await withProxy(app, async (proxy) => {
    using client = await proxy.connect();
    assertEquals(await receivedOf(client), { header: `v1 ${ownAddresses(client, proxy)}`, data: DATA });
  });
});

Deno.test("proxy_protocol: what was accepted is sent on, in another version", async () => {
  await using target = new TestTarget(echo);
  for (const [send, addresses] of [["v2", "192.0.2.1 198.51.100.2 1000 443"], ["v1", undefined]] as const) {
    const accept = { accept: "required", from: ["127.0.0.1"], send };
    await withProxy({ targets: [target.address], proxy_protocol: accept }, async (proxy) => {
      using client = await proxy.connect();
      const header = utf8(`PROXY ${addresses === undefined ? "UNKNOWN" : `TCP4 ${addresses}`}\r\n`);
      const wanted = addresses === undefined
        ? ownAddresses(client, proxy)
        : "192.0.2.1:1000 198.51.100.2:443";
      assertEquals(await receivedOf(client, concat(header, DATA)), {
        header: `${send} ${wanted}`,
        data: DATA,
      });
    });
  }
});

Deno.test("proxy_protocol: two proxies in a row keep the client's addresses", async () => {
  await using target = new TestTarget(echo);
  const second = {
    targets: [target.address],
    "proxy_protocol": { accept: "required", from: ["127.0.0.1"], send: "v1" },
  };
  await withProxy(second, async (behind) => {
    const first = { targets: [`127.0.0.1:${behind.port}`], "proxy_protocol": { send: "v2" } };
    await withProxy(first, async (proxy) => {
      using client = await proxy.connect();
      assertEquals(await receivedOf(client), { header: `v1 ${ownAddresses(client, proxy)}`, data: DATA });
      const { client: seen } = await behind.outcome();
      assertStrictEquals(formatAddress(seen), `127.0.0.1:${client.localAddr.port}`);
    });
  });
});

Deno.test({
  name: "proxy_protocol.send: the client of a unix socket is nobody",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using folder = new TemporaryFolder();
    await using target = new TestTarget(echo);
    const path = folder.file("listen.sock");
    for (const send of ["v1", "v2"] as const) {
      const app = { listen: [`unix:${path}`], targets: [target.address], "proxy_protocol": { send } };
      await withProxy(app, async () => {
        using client = await Deno.connect({ transport: "unix", path });
        assertEquals(await receivedOf(client), { header: `${send} of nobody`, data: DATA });
      });
    }
  },
});

Deno.test("proxy_protocol.send: a client of a listener for both families has an IPv4 header", async () => {
  await using target = new TestTarget(echo);
  const app = { listen: ["[::]:1"], targets: [target.address], "proxy_protocol": { send: "v1" } };
  await withProxy(app, async (proxy) => {
    using client = await proxy.connect();
    assertEquals(await receivedOf(client), { header: `v1 ${ownAddresses(client, proxy)}`, data: DATA });
  });
});

Deno.test("proxy_protocol.send: health checks begin with a header of nobody", async () => {
  const begun = Promise.withResolvers<string>();
  await using target = new TestTarget(async (conn) => {
    const buffer = new Uint8Array(100);
    const count = await conn.read(buffer);
    if (count !== null) begun.resolve(new TextDecoder().decode(buffer.subarray(0, count)));
    await neverAnswering(conn);
  });
  const app = { targets: [target.address], "health_check": {}, "proxy_protocol": { send: "v1" } };
  await withProxy(app, async () => {
    assert((await begun.promise).startsWith("PROXY UNKNOWN\r\n"));
  });
});
