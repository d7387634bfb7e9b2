import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { utf8 } from "../helpers/bytes.ts";
import { exchange, randomBytes } from "../helpers/clients.ts";
import { withProxy } from "../helpers/proxy/proxy.ts";
import { assertSameBytes } from "../helpers/same_bytes.ts";
import { echo, refusingAddress, TestTarget } from "../helpers/targets.ts";
import { testTls } from "../helpers/tls/tls_app.ts";
import { connectTls } from "../helpers/tls/tls_client.ts";
import { tlsTarget } from "../helpers/tls/tls_target.ts";

testTls("Proxy: bandwidth, routes, PROXY headers and TLS on both sides at once", async (lab) => {
  const { target, headers } = tlsTarget(await lab.terminator(), { readsHeader: true });
  await using _target = target;
  await using other = new TestTarget(echo);
  const app = {
    "proxy_protocol": { accept: "required", from: ["127.0.0.1"], send: "v1" },
    allow: ["192.0.2.0/24"],
    tls: { certificates: [{ cert: lab.local.certFile, key: lab.local.keyFile }], alpn: ["h2", "http/1.1"] },
    "target_tls": { ca: lab.ca.certFile, server_name: "localhost" },
    routes: [
      { sni: ["localhost"], alpn: ["h2"], targets: [refusingAddress(), target.address] },
      { targets: [other.address] },
    ],
    bandwidth: { upload: "2MB/s", download: "2MB/s" },
    "max_connections": 2,
    "max_connections_per_client": 1,
    balance: "first",
    "health_check": { interval: "1h", timeout: "1h", fall: 100 },
    "passive_health": {},
  };
  await withProxy(app, async (proxy) => {
    const before = utf8("PROXY TCP4 192.0.2.1 198.51.100.2 1000 443\r\n");
    const { conn } = await connectTls(proxy.port, { ca: lab.ca.cert, alpn: ["h2"], before });
    using client = conn;
    const request = randomBytes(400_000);
    assertSameBytes(await exchange(client, request), request);
    const session = await proxy.outcome();
    assertEquals(
      [session.reason, session.sni, session.tries, session.up.bytes, session.down.bytes],
      ["client_closed", "localhost", 2, 400_000, 400_000],
    );
    assert(headers.includes("PROXY TCP4 192.0.2.1 198.51.100.2 1000 443\r\n"));
    // A tenth of a second's worth passes at once, half of the rest in each tenth that follows.
    assert(session.endedMs - session.startedMs >= 99);
  });
});

testTls("Proxy: bandwidth and routes that pass TLS on", async (lab) => {
  const { target } = tlsTarget(await lab.terminator());
  await using _target = target;
  const app = {
    routes: [{ sni: ["localhost"], targets: [target.address] }],
    bandwidth: { download: "2MB/s" },
  };
  await withProxy(app, async (proxy) => {
    const { conn } = await connectTls(proxy.port, { ca: lab.ca.cert });
    using client = conn;
    const request = randomBytes(400_000);
    assertSameBytes(await exchange(client, request), request);
    const session = await proxy.outcome();
    assertStrictEquals(session.reason, "client_closed");
    assert(session.endedMs - session.startedMs >= 99);
  });
});
