import { assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { parseProxyHeader, PROXY_V2_TLV, type ProxyHeader } from "../../../lib/protocol/mod.ts";
import { concat, utf8 } from "../../helpers/bytes.ts";
import { buildHello, serverName } from "../../helpers/tls/client_hello.ts";
import { exchange, readAll, writeAll } from "../../helpers/clients.ts";
import { connectWhenListening, withHaproxy, withLoadBalancer } from "../../helpers/servers/haproxy.ts";
import { withProxy } from "../../helpers/proxy/proxy.ts";
import { buildProxyV2, buildWithChecksum, IPV4_BLOCK, tlv } from "../../helpers/protocol/proxy_v2.ts";
import { echo, TestTarget } from "../../helpers/targets.ts";
import { runSClient } from "../../helpers/tls/tls.ts";
import { terminating, testTls } from "../../helpers/tls/tls_app.ts";
import { missingTools } from "../../helpers/programs/tools.ts";
import { expectKind } from "../../helpers/protocol/verdict.ts";

const FROM_HERE = { accept: "required", from: ["127.0.0.1"] };
const UUID = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

/** The header that a target that echoes was sent before `data`. */
async function headerFor(
  client: Deno.TcpConn,
  before: Uint8Array,
  data: Uint8Array = utf8("data"),
): Promise<ProxyHeader> {
  const reply = await exchange(client, concat(before, data));
  const { header, length } = expectKind(parseProxyHeader(reply), "header");
  assertEquals(reply.subarray(length), data);
  return header;
}

/** A header's fields as texts. */
function textsOf({ tlvs }: ProxyHeader): Record<number, string> {
  return Object.fromEntries(tlvs.fields().map(({ type, value }) => [type, new TextDecoder().decode(value)]));
}

Deno.test("proxy_protocol.tlvs: without them a header has addresses alone", async () => {
  await using target = new TestTarget(echo);
  const app = { targets: [target.address], "proxy_protocol": { ...FROM_HERE, send: "v2" } };
  await withProxy(app, async (proxy) => {
    using client = await proxy.connect();
    const before = buildWithChecksum(tlv(0xea, "x"), tlv(PROXY_V2_TLV.authority, "example.com"));
    assertEquals(textsOf(await headerFor(client, before)), {});
    assertEquals((await proxy.outcome()).fields, []);
  });
});

Deno.test("proxy_protocol.tlvs: fields are added, passed on and summed", async () => {
  await using target = new TestTarget(echo);
  const tlvs = { pass: [0xea, "authority"], add: [{ type: 0xe0, value: "rack\\x2d7" }], crc32c: true };
  const app = { targets: [target.address], "proxy_protocol": { ...FROM_HERE, send: "v2", tlvs } };
  await withProxy(app, async (proxy) => {
    using client = await proxy.connect();
    const before = buildWithChecksum(
      concat(tlv(0xea, "\x01vpce-1"), tlv(0xee, "not named")),
      tlv(PROXY_V2_TLV.authority, "example.com"),
    );
    const { [PROXY_V2_TLV.crc32c]: sum, ...fields } = textsOf(await headerFor(client, before));
    assertEquals(fields, { 0xe0: "rack-7", 0xea: "\x01vpce-1", 0x02: "example.com" });
    // The parser has verified it.
    assertStrictEquals(typeof sum, "string");
  });
});

Deno.test("proxy_protocol.tlvs.pass: all is every field but checksum and padding, and a LOCAL header has none", async () => {
  await using target = new TestTarget(echo);
  const app = {
    targets: [target.address],
    "proxy_protocol": { ...FROM_HERE, send: "v2", tlvs: { pass: "all" } },
  };
  await withProxy(app, async (proxy) => {
    const block = concat(tlv(0xea, "a"), tlv(PROXY_V2_TLV.noop, "b"), tlv(PROXY_V2_TLV.alpn, "h2"));
    using client = await proxy.connect();
    const { tlvs } = await headerFor(client, buildWithChecksum(block, new Uint8Array()));
    assertEquals(tlvs.fields().map(({ type }) => type), [0xea, PROXY_V2_TLV.alpn]);
    using local = await proxy.connect();
    const header = await headerFor(local, buildProxyV2({ command: 0x20, block: concat(IPV4_BLOCK, block) }));
    assertEquals(textsOf(header), {});
  });
});

Deno.test("proxy_protocol.tlvs.unique_id: one name a connection, the same at every target, kept where it came", async () => {
  await using target = new TestTarget(echo);
  const tlvs = { "unique_id": true, pass: ["unique_id"] };
  const proxyProtocol = { accept: "optional", from: ["127.0.0.1"], send: "v2", tlvs, log: ["unique_id"] };
  await withProxy({ targets: [target.address], "proxy_protocol": proxyProtocol }, async (proxy) => {
    const names = new Set<string>();
    for (const before of [new Uint8Array(), new Uint8Array(), buildProxyV2()]) {
      using client = await proxy.connect();
      const { 5: name = "" } = textsOf(await headerFor(client, before));
      assertMatch(name, UUID);
      names.add(name);
      assertEquals((await proxy.outcome()).fields, [["unique_id", name]]);
    }
    assertStrictEquals(names.size, 3);
    using client = await proxy.connect();
    const before = buildWithChecksum(tlv(PROXY_V2_TLV.uniqueId, Uint8Array.of(0xff, 0x41)), new Uint8Array());
    const header = await headerFor(client, before);
    assertEquals(header.tlvs.uniqueId, Uint8Array.of(0xff, 0x41));
    assertEquals((await proxy.outcome()).fields, [["unique_id", "\\xffA"]]);
  });
});

Deno.test("proxy_protocol.tlvs.authority: the name in the hello, and a connection without a hello goes on", async () => {
  await using target = new TestTarget(echo);
  const app = {
    targets: [target.address],
    "client_hello_timeout": "50ms",
    "proxy_protocol": { send: "v2", tlvs: { authority: true } },
  };
  await withProxy(app, async (proxy) => {
    const hello = buildHello({ extensions: [serverName("example.com")] });
    const cases = [[hello, { 2: "example.com" }], [utf8("GET / HTTP/1.1\r\n"), {}], [
      hello.subarray(0, 20),
      {},
    ], [Uint8Array.of(0x16, 3, 1, 0, 0), {}]] as const;
    for (const [data, fields] of cases) {
      using client = await proxy.connect();
      assertEquals(textsOf(await headerFor(client, new Uint8Array(), data)), fields);
      assertStrictEquals((await proxy.outcome()).reason, "client_closed");
    }
  });
});

Deno.test("proxy_protocol.tlvs.authority: a server that speaks first is reached after client_hello_timeout", async () => {
  await using target = new TestTarget(async (conn) => {
    await writeAll(conn, utf8("220 ready"));
    await echo(conn);
  });
  const app = {
    targets: [target.address],
    "client_hello_timeout": "20ms",
    "proxy_protocol": { tlvs: { authority: true }, send: "off" },
  };
  await withProxy(app, async (proxy) => {
    using client = await proxy.connect();
    const greeting = new Uint8Array(9);
    assertStrictEquals(await client.read(greeting), greeting.length);
    assertEquals(await exchange(client, utf8("QUIT")), utf8("QUIT"));
  });
});

Deno.test("proxy_protocol.log: named fields that came, as texts that are safe to print, of refused clients too", async () => {
  await using target = new TestTarget(echo);
  const log = ["authority", "netns", "ssl", 0xea, "0xE1"];
  const app = {
    targets: [target.address],
    deny: ["192.0.2.1"],
    "proxy_protocol": { ...FROM_HERE, log },
  };
  const ssl = concat(Uint8Array.of(1, 0, 0, 0, 1), tlv(0x21, "TLSv1.3"), tlv(0x23, "A-CIPHER"));
  await withProxy(app, async (proxy) => {
    using client = await proxy.connect();
    const fields = concat(
      tlv(PROXY_V2_TLV.authority, "b\u00fccher.example"),
      tlv(PROXY_V2_TLV.ssl, ssl),
      tlv(0xea, "\x01vpce\\1\n"),
    );
    await exchange(client, buildWithChecksum(fields, new Uint8Array()));
    const session = await proxy.outcome();
    assertStrictEquals(session.reason, "denied");
    assertEquals(session.fields, [
      ["proxy_authority", "b\u00fccher.example"],
      ["proxy_ssl_version", "TLSv1.3"],
      ["proxy_ssl_cipher", "A-CIPHER"],
      ["tlv_ea", "\\x01vpce\\\\1\\x0a"],
    ]);
  });
});

Deno.test("proxy_protocol.tlvs: a target with v1 is sent the addresses alone", async () => {
  await using target = new TestTarget(echo);
  const app = {
    targets: [{ address: target.address, "proxy_protocol": "v1" }],
    "proxy_protocol": { send: "v2", tlvs: { "unique_id": true } },
  };
  await withProxy(app, async (proxy) => {
    using client = await proxy.connect();
    assertStrictEquals((await headerFor(client, new Uint8Array())).version, "v1");
  });
});

testTls("proxy_protocol.tlvs: alpn, authority and ssl of the TLS that ends here", async (lab) => {
  const client = lab.folder.make("client", { issuer: lab.ca, subject: "/CN=client 7" });
  for (const version of ["-tls1_2", "-tls1_3"]) {
    const reported = Promise.withResolvers<Uint8Array>();
    await using target = new TestTarget(async (conn) => reported.resolve(await readAll(conn)));
    const tlvs = { alpn: true, authority: true, ssl: true, "client_certificate": true, crc32c: true };
    const app = {
      ...terminating(lab, { alpn: ["h2"], "client_ca": lab.ca.certFile }),
      targets: [target.address],
      "proxy_protocol": { send: "v2", tlvs },
    };
    await withProxy(app, async (proxy) => {
      await runSClient(proxy.port, {
        args: [
          ...[version, "-servername", "localhost", "-alpn", "h2"],
          ...["-cert", client.certFile, "-key", client.keyFile],
        ],
        input: "data",
      });
      const { header } = expectKind(parseProxyHeader(await reported.promise), "header");
      assertEquals([header.tlvs.alpn, header.tlvs.authority], ["h2", "localhost"]);
      const { ssl } = header.tlvs;
      assertEquals([ssl?.overTls, ssl?.presented, ssl?.verified, ssl?.commonName], [
        true,
        "connection",
        true,
        "client 7",
      ]);
      assertStrictEquals(ssl?.version, version === "-tls1_2" ? "TLSv1.2" : "TLSv1.3");
      assertMatch(ssl?.cipher ?? "", version === "-tls1_2" ? /^ECDHE-/ : /^TLS_(AES|CHACHA20)_/);
      assertStrictEquals(ssl?.certificate?.[0], 0x30);
    });
  }
});

const missing = missingTools("haproxy");
const reason = missing.length === 0 ? "" : " (ignored: haproxy not found)";

Deno.test({
  name: `proxy_protocol.tlvs: HAProxy reads authority and unique id, and the checksum${reason}`,
  ignore: missing.length > 0,
  fn: () =>
    withHaproxy({
      bind: "accept-proxy",
      // What HAProxy has understood it sends on in fields of its own.
      uniqueId: "%[fc_pp_authority]/%[fc_pp_unique_id]",
      server: "send-proxy-v2 proxy-v2-options unique-id",
      use: async ({ port, target }) => {
        (await connectWhenListening(port)).close();
        const tlvs = {
          authority: true,
          "unique_id": true,
          crc32c: true,
          add: [{ type: 0xe0, value: "rack-7" }],
        };
        const app = {
          targets: [`127.0.0.1:${port}`],
          "proxy_protocol": { send: "v2", tlvs, log: ["unique_id"] },
        };
        await withProxy(app, async (proxy) => {
          using client = await proxy.connect();
          await writeAll(client, buildHello({ extensions: [serverName("example.com")] }));
          await client.closeWrite();
          using conn = await target.accept();
          const received = new Uint8Array(await new Response(conn.readable).arrayBuffer());
          const { header } = expectKind(parseProxyHeader(received), "header");
          const [[, name] = ["", ""]] = (await proxy.outcome()).fields;
          assertEquals(new TextDecoder().decode(header.tlvs.uniqueId), `example.com/${name}`);
          assertStrictEquals(header.source?.kind === "tcp" && header.source.port, client.localAddr.port);
        });
      },
    }),
});

testTls(
  "proxy_protocol.tlvs: what HAProxy says of its clients' TLS is logged and passed on",
  async (lab) => {
    const pem = lab.folder.write("both.pem", `${lab.local.cert}${lab.local.key}`);
    const reported = Promise.withResolvers<Uint8Array>();
    await using target = new TestTarget(async (conn) => {
      const received = await readAll(conn);
      if (received.length > 0) reported.resolve(received);
    });
    const proxyProtocol = {
      ...FROM_HERE,
      send: "v2",
      log: ["authority", "alpn", "unique_id", "ssl"],
      tlvs: { pass: "all", crc32c: true },
    };
    await withProxy({ targets: [target.address], "proxy_protocol": proxyProtocol }, async (proxy) => {
      const server = "send-proxy-v2-ssl-cn proxy-v2-options crc32c,authority,unique-id,ssl-cipher";
      const bind = `ssl crt ${pem} alpn h2`;
      const lines = ["unique-id-format id-7"];
      await withLoadBalancer({ targetPort: proxy.port, server, lines, bind }, async (connect) => {
        const visit = await connect();
        const { port } = visit.remoteAddr;
        visit.close();
        await runSClient(port, {
          args: ["-tls1_3", "-servername", "localhost", "-alpn", "h2"],
          input: "data",
        });
        const { header } = expectKind(parseProxyHeader(await reported.promise), "header");
        const { ssl } = header.tlvs;
        assertEquals([ssl?.overTls, ssl?.version, ssl?.presented], [true, "TLSv1.3", "never"]);
        const session = await proxy.outcome();
        assertEquals(session.fields, [
          ["proxy_authority", "localhost"],
          ["proxy_alpn", "h2"],
          ["unique_id", "id-7"],
          ["proxy_ssl_version", "TLSv1.3"],
          ["proxy_ssl_cipher", ssl?.cipher ?? ""],
        ]);
      });
    });
  },
  "haproxy",
);
