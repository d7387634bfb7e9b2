import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { formatAddress } from "../../../lib/base/mod.ts";
import { concat, utf8 } from "../../helpers/bytes.ts";
import { exchange, readToEnd, writeAll } from "../../helpers/clients.ts";
import { answeredBy, Fleet } from "../../helpers/proxy/fleet.ts";
import { type TestProxy, withProxy } from "../../helpers/proxy/proxy.ts";
import { buildProxyV2, buildWithChecksum, IPV4_BLOCK, tlv } from "../../helpers/protocol/proxy_v2.ts";
import { echo, TestTarget } from "../../helpers/targets.ts";

const ACCEPT = { "proxy_protocol": { accept: "required", from: ["127.0.0.0/8"] } };
const DATA = utf8("data of the client");

const V1 = utf8("PROXY TCP4 192.0.2.1 198.51.100.2 1000 443\r\n");
const V2 = buildProxyV2();

const MAPPED = concat(new Uint8Array(10), Uint8Array.of(0xff, 0xff));

/** From ::ffff:192.0.2.1, port 1000, to ::ffff:198.51.100.2, port 443. */
const MAPPED_BLOCK = concat(
  MAPPED,
  IPV4_BLOCK.subarray(0, 4),
  MAPPED,
  IPV4_BLOCK.subarray(4, 8),
  IPV4_BLOCK.subarray(8),
);

/** A header, and the client that it announces; `undefined` for none. */
const HEADERS: readonly (readonly [name: string, header: Uint8Array, client: string | undefined])[] = [
  ["v1", V1, "192.0.2.1:1000"],
  ["v1 with IPv6", utf8("PROXY TCP6 2001:db8::1 2001:db8::2 5 443\r\n"), "[2001:db8::1]:5"],
  [
    "v1 with IPv4 addresses as IPv6",
    utf8("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.2 1000 443\r\n"),
    "192.0.2.1:1000",
  ],
  ["v1 UNKNOWN", utf8("PROXY UNKNOWN\r\n"), undefined],
  ["v1 UNKNOWN with addresses", utf8("PROXY UNKNOWN 192.0.2.1 198.51.100.2 1000 443\r\n"), undefined],
  ["v2", V2, "192.0.2.1:1000"],
  [
    "v2 with fields and checksum",
    buildWithChecksum(tlv(0x02, "example.com"), tlv(0xe0, "?")),
    "192.0.2.1:1000",
  ],
  ["v2 with IPv4 addresses as IPv6", buildProxyV2({ family: 0x21, block: MAPPED_BLOCK }), "192.0.2.1:1000"],
  ["v2 LOCAL", buildProxyV2({ command: 0x20 }), undefined],
  ["v2 of no family", buildProxyV2({ family: 0, block: new Uint8Array(3) }), undefined],
];

for (const [name, header, client] of HEADERS) {
  Deno.test(`proxy_protocol.accept: ${name} is read in any fragments, and what follows reaches the target`, async () => {
    await using target = new TestTarget(echo);
    await withProxy({ ...ACCEPT, targets: [target.address] }, async (proxy) => {
      for (const pieces of [[concat(header, DATA)], [header, DATA], bytesOf(concat(header, DATA))]) {
        using conn = await proxy.connect();
        conn.setNoDelay(true);
        for (const piece of pieces) await writeAll(conn, piece);
        assertEquals(await exchange(conn, new Uint8Array()), DATA);
        const session = await proxy.outcome();
        const own = `127.0.0.1:${conn.localAddr.port}`;
        assertEquals([session.reason, formatAddress(session.client)], ["client_closed", client ?? own]);
        assertStrictEquals(session.up.bytes, DATA.length);
      }
    });
  });
}

Deno.test("proxy_protocol.accept: off passes a header on like any bytes", async () => {
  await using target = new TestTarget(echo);
  await withProxy({ targets: [target.address] }, async (proxy) => {
    using client = await proxy.connect();
    assertEquals(await exchange(client, concat(V1, DATA)), concat(V1, DATA));
    assertStrictEquals(formatAddress((await proxy.outcome()).client), `127.0.0.1:${client.localAddr.port}`);
  });
});

/** Bytes that are no header, or no whole one before the client finishes. */
const MALFORMED: readonly (readonly [name: string, bytes: Uint8Array])[] = [
  ["other bytes", utf8("GET / HTTP/1.1\r\n\r\n")],
  ["a v1 header of another protocol", utf8("PROXY UDP4 192.0.2.1 198.51.100.2 1000 443\r\n")],
  ["a v1 header that does not end", concat(utf8("PROXY TCP4 "), new Uint8Array(200).fill(0x31))],
  ["half a v1 header", V1.subarray(0, 20)],
  ["half a v2 header", V2.subarray(0, 20)],
  [
    "a v2 header with a wrong checksum",
    buildProxyV2({
      block: concat(V2.subarray(16), tlv(0x03, new Uint8Array(4))),
    }),
  ],
  ["a v2 header of 64 KiB", buildProxyV2({ length: 0xffff })],
];

Deno.test("proxy_protocol.accept: what is no header closes the connection as bad_proxy_header before any dial", async () => {
  await using target = new TestTarget(echo);
  await withProxy({ ...ACCEPT, targets: [target.address] }, async (proxy) => {
    for (const [name, bytes] of MALFORMED) {
      using client = await proxy.connect();
      await writeAll(client, bytes);
      await client.closeWrite();
      await readToEnd(client);
      const session = await proxy.outcome();
      assertEquals([session.reason, session.tries], ["bad_proxy_header", 0], name);
      assert(session.detail !== "", name);
    }
  });
  assertStrictEquals(target.accepted, 0);
});

Deno.test("proxy_protocol.accept: a header from elsewhere closes the connection as bad_proxy_header", async () => {
  await using target = new TestTarget(echo);
  const accept = { "proxy_protocol": { accept: "required", from: ["10.0.0.0/8"] } };
  await withProxy({ ...accept, targets: [target.address] }, async (proxy) => {
    using client = await proxy.connect();
    await readToEnd(client);
    const session = await proxy.outcome();
    assertEquals([session.reason, session.detail], [
      "bad_proxy_header",
      '127.0.0.1 is not one of "proxy_protocol.from"',
    ]);
  });
  assertStrictEquals(target.accepted, 0);
});

Deno.test("proxy_protocol.timeout: a header that takes longer closes the connection as bad_proxy_header", async () => {
  await using target = new TestTarget(echo);
  const accept = { "proxy_protocol": { ...ACCEPT.proxy_protocol, timeout: "30ms" } };
  await withProxy({ ...accept, targets: [target.address] }, async (proxy) => {
    for (const begun of [new Uint8Array(), V1.subarray(0, 10), V2.subarray(0, 14)]) {
      using client = await proxy.connect();
      await writeAll(client, begun);
      assertStrictEquals(await readToEnd(client), "fin");
      assertStrictEquals((await proxy.outcome()).reason, "bad_proxy_header");
    }
  });
});

Deno.test("proxy_protocol.accept: a peer that connects and leaves without a byte is client_gone", async () => {
  await using target = new TestTarget(echo);
  await withProxy({ ...ACCEPT, targets: [target.address] }, async (proxy) => {
    (await proxy.connect()).close();
    assertStrictEquals((await proxy.outcome()).reason, "client_gone");
  });
});

Deno.test("proxy_protocol.accept: a proxy that stops ends those whose header has not come", async () => {
  await using target = new TestTarget(echo);
  await withProxy({ ...ACCEPT, targets: [target.address] }, async (proxy) => {
    using client = await proxy.connect();
    await writeAll(client, V1.subarray(0, 10));
    await proxy.underWay(1);
    await proxy.proxy.stop();
    assertStrictEquals((await proxy.outcome()).reason, "drained");
    await readToEnd(client);
  });
});

Deno.test("proxy_protocol.accept: the address announced is what allow and deny see", async () => {
  await using target = new TestTarget(echo);
  const cases = [
    [{ allow: ["192.0.2.0/24"] }, "client_closed"],
    [{ allow: ["127.0.0.0/8"] }, "denied"],
    [{ deny: ["192.0.2.1"] }, "denied"],
    [{ deny: ["127.0.0.0/8"] }, "client_closed"],
  ] as const;
  for (const [rules, reason] of cases) {
    await withProxy({ ...ACCEPT, ...rules, targets: [target.address] }, async (proxy) => {
      using client = await proxy.connect();
      await writeAll(client, V1);
      await client.closeWrite();
      await readToEnd(client);
      assertStrictEquals((await proxy.outcome()).reason, reason);
    });
  }
});

/** A header that names the paths of unix sockets, which say nothing of who the client is. */
const UNIX = buildProxyV2({ family: 0x31, block: concat(utf8("/run/client.sock"), new Uint8Array(200)) });

/** A header after which `allow`, `deny` and the limits of each client go by the sender. */
const ADDRESSLESS = [["v2 of unix sockets", UNIX], ["v1 UNKNOWN", utf8("PROXY UNKNOWN\r\n")]] as const;

for (const [name, header] of ADDRESSLESS) {
  Deno.test(`proxy_protocol.accept: with ${name} the sender's address is what allow and deny see`, async () => {
    await using target = new TestTarget(echo);
    const cases = [[{ allow: ["10.0.0.0/8"] }, "denied"], [{ deny: ["127.0.0.0/8"] }, "denied"], [
      { allow: ["127.0.0.1"] },
      "client_closed",
    ]] as const;
    for (const [rules, reason] of cases) {
      await withProxy({ ...ACCEPT, ...rules, targets: [target.address] }, async (proxy) => {
        using client = await proxy.connect();
        await writeAll(client, header);
        await client.closeWrite();
        await readToEnd(client);
        assertStrictEquals((await proxy.outcome()).reason, reason);
      });
    }
  });

  Deno.test(`proxy_protocol.accept: with ${name} the sender's connections are counted`, async () => {
    await using fleet = new Fleet(1);
    await withProxy({ ...ACCEPT, targets: fleet.addresses, max_connections_per_client: 1 }, async (proxy) => {
      using first = await proxy.connect();
      await writeAll(first, header);
      assertStrictEquals(await answeredBy(first), 0);
      using second = await proxy.connect();
      await writeAll(second, header);
      await second.closeWrite();
      await readToEnd(second);
      assertStrictEquals((await proxy.outcome()).reason, "limit");
    });
  });
}

Deno.test("proxy_protocol.accept: a header of unix sockets shows the client's path in the log", async () => {
  await using target = new TestTarget(echo);
  await withProxy({ ...ACCEPT, targets: [target.address] }, async (proxy) => {
    using client = await proxy.connect();
    await writeAll(client, UNIX);
    await client.closeWrite();
    await readToEnd(client);
    assertStrictEquals(formatAddress((await proxy.outcome()).client), "unix:/run/client.sock");
  });
});

/** Connects as another client. */
async function connectAs(proxy: TestProxy, host: string): Promise<Deno.Conn> {
  const client = await proxy.connect();
  await writeAll(client, utf8(`PROXY TCP4 ${host} 198.51.100.2 1000 443\r\n`));
  return client;
}

Deno.test("proxy_protocol.accept: the address announced is whose connections are counted", async () => {
  await using fleet = new Fleet(1);
  await withProxy({ ...ACCEPT, targets: fleet.addresses, max_connections_per_client: 1 }, async (proxy) => {
    using first = await connectAs(proxy, "192.0.2.1");
    assertStrictEquals(await answeredBy(first), 0);
    using other = await connectAs(proxy, "192.0.2.2");
    assertStrictEquals(await answeredBy(other), 0);
    using second = await connectAs(proxy, "192.0.2.1");
    await readToEnd(second);
    assertStrictEquals((await proxy.outcome()).reason, "limit");
  });
});

Deno.test("proxy_protocol.accept: source_hash goes by the address announced", async () => {
  await using fleet = new Fleet(4);
  await withProxy({ ...ACCEPT, targets: fleet.addresses, balance: "source_hash" }, async (proxy) => {
    const rounds: number[][] = [];
    for (let round = 0; round < 2; round++) {
      const answers: number[] = [];
      for (let host = 1; host <= 16; host++) {
        using client = await connectAs(proxy, `192.0.2.${host}`);
        answers.push(await answeredBy(client));
      }
      rounds.push(answers);
    }
    assertEquals(rounds[0], rounds[1]);
    // Sixteen clients that all went to one of four targets would be one client.
    assert(new Set(rounds[0]).size > 1);
  });
});

Deno.test("proxy_protocol.accept: an IPv4 client announced as IPv6 is judged, counted and hashed as the IPv4 one", async () => {
  await using fleet = new Fleet(4);
  const app = { ...ACCEPT, targets: fleet.addresses, balance: "source_hash", allow: ["192.0.2.0/24"] };
  await withProxy({ ...app, max_connections_per_client: 1 }, async (proxy) => {
    const mapped = async (host: string): Promise<Deno.Conn> => {
      const client = await proxy.connect();
      await writeAll(client, utf8(`PROXY TCP6 ::ffff:${host} ::ffff:198.51.100.2 1000 443\r\n`));
      return client;
    };
    const others: number[] = [];
    for (let host = 1; host <= 16; host++) {
      using first = await connectAs(proxy, `192.0.2.${host}`);
      const answer = await answeredBy(first);
      using second = await mapped(`192.0.2.${host}`);
      await readToEnd(second);
      assertStrictEquals((await proxy.outcome()).reason, "limit");
      await first.closeWrite();
      await proxy.outcome();
      using again = await mapped(`192.0.2.${host}`);
      assertStrictEquals(await answeredBy(again), answer);
      await again.closeWrite();
      await proxy.outcome();
      others.push(answer);
    }
    assert(new Set(others).size > 1);
    using denied = await mapped("203.0.113.1");
    await readToEnd(denied);
    assertStrictEquals((await proxy.outcome()).reason, "denied");
  });
});

function bytesOf(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte));
}

const OPTIONAL = { "proxy_protocol": { accept: "optional", from: ["127.0.0.0/8"], timeout: "10s" } };

Deno.test("proxy_protocol.accept optional: a trusted sender's header is read, in any fragments", async () => {
  await using target = new TestTarget(echo);
  await withProxy({ ...OPTIONAL, targets: [target.address] }, async (proxy) => {
    for (const header of [V1, V2]) {
      for (const pieces of [[concat(header, DATA)], bytesOf(concat(header, DATA))]) {
        using conn = await proxy.connect();
        conn.setNoDelay(true);
        for (const piece of pieces) await writeAll(conn, piece);
        assertEquals(await exchange(conn, new Uint8Array()), DATA);
        assertStrictEquals(formatAddress((await proxy.outcome()).client), "192.0.2.1:1000");
      }
    }
  });
});

/** What a trusted sender says that is no header, whatever it has in common with one. */
const PLAIN: readonly (readonly [name: string, bytes: Uint8Array])[] = [
  ["another protocol", utf8("GET / HTTP/1.1\r\n\r\n")],
  ["half of a header's first word", utf8("PRO")],
  ["half of the signature", V2.subarray(0, 11)],
  ["nothing", new Uint8Array()],
];

Deno.test("proxy_protocol.accept optional: without a header the connection speaks for itself", async () => {
  await using target = new TestTarget(echo);
  await withProxy({ ...OPTIONAL, targets: [target.address] }, async (proxy) => {
    for (const [name, bytes] of PLAIN) {
      using client = await proxy.connect();
      assertEquals(await exchange(client, bytes), bytes, name);
      const { client: address, reason } = await proxy.outcome();
      assertEquals([formatAddress(address), reason], [
        `127.0.0.1:${client.localAddr.port}`,
        "client_closed",
      ], name);
    }
  });
});

Deno.test("proxy_protocol.accept optional: a client that waits for the server waits for the timeout alone", async () => {
  const greeting = utf8("220 ready\r\n");
  await using target = new TestTarget(async (conn) => {
    await writeAll(conn, greeting);
    await echo(conn);
  });
  const optional = { "proxy_protocol": { ...OPTIONAL.proxy_protocol, timeout: "20ms" } };
  await withProxy({ ...optional, targets: [target.address] }, async (proxy) => {
    // Even a late header is data by then, and is not believed.
    for (const bytes of [utf8("QUIT\r\n"), V1]) {
      using client = await proxy.connect();
      const received = new Uint8Array(greeting.length);
      assertStrictEquals(await client.read(received), greeting.length);
      assertEquals(received, greeting);
      assertEquals(await exchange(client, bytes), bytes);
      assertStrictEquals(formatAddress((await proxy.outcome()).client), `127.0.0.1:${client.localAddr.port}`);
    }
  });
});

Deno.test("proxy_protocol.accept optional: a header that is wrong or cut short never reaches the target", async () => {
  await using target = new TestTarget(echo);
  await withProxy({ ...OPTIONAL, targets: [target.address] }, async (proxy) => {
    for (const [name, bytes] of MALFORMED.slice(1)) {
      using client = await proxy.connect();
      await writeAll(client, bytes);
      await client.closeWrite();
      await readToEnd(client);
      const session = await proxy.outcome();
      assertEquals([session.reason, session.tries], ["bad_proxy_header", 0], name);
    }
  });
  const short = { "proxy_protocol": { ...OPTIONAL.proxy_protocol, timeout: "20ms" } };
  await withProxy({ ...short, targets: [target.address] }, async (proxy) => {
    for (const bytes of [V1.subarray(0, 6), V2.subarray(0, 12)]) {
      using client = await proxy.connect();
      await writeAll(client, bytes);
      await readToEnd(client);
      assertStrictEquals((await proxy.outcome()).reason, "bad_proxy_header");
    }
  });
  assertStrictEquals(target.accepted, 0);
});

Deno.test("proxy_protocol.accept optional: a header from elsewhere is data, and is not believed", async () => {
  await using target = new TestTarget(echo);
  const elsewhere = { "proxy_protocol": { ...OPTIONAL.proxy_protocol, from: ["10.0.0.0/8"] } };
  for (const [allow, expected] of [["127.0.0.0/8", "client_closed"], ["192.0.2.0/24", "denied"]] as const) {
    await withProxy({ ...elsewhere, allow: [allow], targets: [target.address] }, async (proxy) => {
      using client = await proxy.connect();
      if (expected === "denied") await readToEnd(client);
      else assertEquals(await exchange(client, concat(V1, DATA)), concat(V1, DATA));
      const session = await proxy.outcome();
      assertEquals([session.reason, formatAddress(session.client)], [
        expected,
        `127.0.0.1:${client.localAddr.port}`,
      ]);
    });
  }
});

Deno.test("proxy_protocol.accept optional: allow and the limits go by the announced client, or else by the peer", async () => {
  await using target = new TestTarget(echo);
  await withProxy({ ...OPTIONAL, deny: ["192.0.2.0/24"], targets: [target.address] }, async (proxy) => {
    using announced = await proxy.connect();
    await writeAll(announced, V1);
    await readToEnd(announced);
    assertStrictEquals((await proxy.outcome()).reason, "denied");
    using plain = await proxy.connect();
    assertEquals(await exchange(plain, DATA), DATA);
    assertStrictEquals((await proxy.outcome()).reason, "client_closed");
  });
  const limited = { ...OPTIONAL, "max_connections_per_client": 1 };
  await withProxy({ ...limited, targets: [target.address] }, async (proxy) => {
    using first = await proxy.connect();
    await writeAll(first, concat(V1, DATA));
    await first.read(new Uint8Array(DATA.length));
    using second = await proxy.connect();
    await writeAll(second, V1);
    await readToEnd(second);
    assertStrictEquals((await proxy.outcome()).reason, "limit");
    using plain = await proxy.connect();
    assertEquals(await exchange(plain, DATA), DATA);
    assertStrictEquals((await proxy.outcome()).reason, "client_closed");
  });
});
