import { assertEquals, assertStrictEquals } from "@std/assert";
import { utf8 } from "../../helpers/bytes.ts";
import { exchange, randomBytes, readExactly, readToEnd, writeAll } from "../../helpers/clients.ts";
import { withProxy } from "../../helpers/proxy/proxy.ts";
import { assertSameBytes } from "../../helpers/same_bytes.ts";
import { echo, neverAnswering, TestTarget } from "../../helpers/targets.ts";
import { withSServer } from "../../helpers/tls/tls.ts";
import { originating, terminating, testTls } from "../../helpers/tls/tls_app.ts";
import { connectTls } from "../../helpers/tls/tls_client.ts";
import { tlsTarget } from "../../helpers/tls/tls_target.ts";
import { until } from "../../helpers/until.ts";

testTls("target_tls: speaks TLS to the target, whoever the target's is", async (lab) => {
  await withSServer(["-cert", lab.local.certFile, "-key", lab.local.keyFile], async (port) => {
    await withProxy({ ...originating(lab), targets: [`127.0.0.1:${port}`] }, async (proxy) => {
      using client = await proxy.connect();
      await writeAll(client, utf8("hello\n"));
      assertEquals(await readExactly(client, 6), utf8("olleh\n"));
    });
  });
});

testTls("target_tls: without it the target hears no TLS", async (_lab) => {
  await using target = new TestTarget(echo);
  await withProxy({ targets: [target.address] }, async (proxy) => {
    using client = await proxy.connect();
    assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
  });
});

testTls("target_tls: the name that is asked for is server_name, or else the target's host", async (lab) => {
  const { target, names } = tlsTarget(await lab.terminator());
  await using _target = target;
  for (const [address, name] of [[`localhost:${target.port}`, undefined], [target.address, "localhost"]]) {
    const app = { "target_tls": { ca: lab.ca.certFile, server_name: name }, targets: [address] };
    await withProxy(app, async (proxy) => {
      using client = await proxy.connect();
      assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
    });
  }
  assertEquals(names, ["localhost", "localhost"]);
});

testTls(
  "target_tls: a target with a bad certificate is a failed dial, and the next one serves",
  async (lab) => {
    const self = lab.folder.make("self", { altNames: "DNS:localhost" });
    const bad = tlsTarget(await lab.terminator({ certificates: [{ ...self, origin: "self.pem" }] })).target;
    await using _bad = bad;
    const good = tlsTarget(await lab.terminator()).target;
    await using _good = good;
    const app = { ...originating(lab), targets: [bad.address, good.address], balance: "first" };
    await withProxy({ ...app, passive_health: { failures: 2, eject_for: "1h" } }, async (proxy) => {
      const tries: number[] = [];
      for (let count = 0; count < 3; count++) {
        using client = await proxy.connect();
        assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
        const session = await proxy.outcome();
        tries.push(session.tries);
        assertStrictEquals(session.target?.label, good.address);
      }
      assertEquals(tries, [2, 2, 1]);
      assertEquals(proxy.log.targetChanges, [`app-1 ${bad.address} ejected`]);
    });
    const trusting = originating(lab, { verify: false, ca: undefined });
    await withProxy({ ...trusting, targets: [bad.address] }, async (proxy) => {
      using client = await proxy.connect();
      assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
    });
  },
);

testTls("target_tls: a target that never shakes hands is given up after connect_timeout", async (lab) => {
  await using silent = new TestTarget(neverAnswering);
  const good = tlsTarget(await lab.terminator()).target;
  await using _good = good;
  const app = { ...originating(lab), targets: [silent.address, good.address], balance: "first" };
  await withProxy({ ...app, connect_timeout: "300ms" }, async (proxy) => {
    using client = await proxy.connect();
    assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
    const { failures } = await proxy.outcome();
    assertEquals(failures.map(({ code }) => code), ["ETIMEDOUT"]);
  });
});

testTls(
  "target_tls: a client that leaves, or a proxy that stops, ends a handshake with a target",
  async (lab) => {
    await using silent = new TestTarget(neverAnswering);
    await withProxy({ ...originating(lab), targets: [silent.address] }, async (proxy) => {
      using client = await proxy.connect();
      await silent.connections(1);
      await proxy.proxy.stop();
      assertStrictEquals((await proxy.outcome()).reason, "drained");
      await readToEnd(client);
      await silent.done(1);
    });
  },
);

testTls("target_tls: a PROXY header goes before the handshake", async (lab) => {
  const { target, headers } = tlsTarget(await lab.terminator(), { readsHeader: true });
  await using _target = target;
  const app = { ...originating(lab), targets: [target.address], "proxy_protocol": { send: "v1" } };
  await withProxy(app, async (proxy) => {
    using client = await proxy.connect();
    assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
    assertEquals(headers, [`PROXY TCP4 127.0.0.1 127.0.0.1 ${client.localAddr.port} ${proxy.port}\r\n`]);
  });
});

testTls("target_tls: a target that wants a certificate of ours is shown it", async (lab) => {
  const own = lab.folder.make("own", { issuer: lab.ca });
  const verifying = ["-Verify", "1", "-verify_return_error", "-CAfile", lab.ca.certFile];
  const args = ["-cert", lab.local.certFile, "-key", lab.local.keyFile, ...verifying];
  await withSServer(args, async (port) => {
    for (const shown of [{ cert: own.certFile, key: own.keyFile }, {}]) {
      await withProxy({ ...originating(lab, shown), targets: [`127.0.0.1:${port}`] }, async (proxy) => {
        using client = await proxy.connect();
        await writeAll(client, utf8("hello\n"));
        if ("cert" in shown) {
          assertEquals(await readExactly(client, 6), utf8("olleh\n"));
          return;
        }
        // With TLS 1.3 the target says no only when our side of the handshake is over.
        await readToEnd(client);
        const session = await proxy.outcome();
        assertEquals([session.reason, session.down.bytes], ["tls_error", 0]);
      });
    }
  });
});

testTls("tls and target_tls: TLS on both sides, with half-close and 1 MiB each way", async (lab) => {
  const { target } = tlsTarget(await lab.terminator());
  await using _target = target;
  const app = { ...terminating(lab), ...originating(lab), targets: [target.address] };
  await withProxy(app, async (proxy) => {
    const { conn } = await connectTls(proxy.port, { ca: lab.ca.cert });
    using client = conn;
    const request = randomBytes(1 << 20);
    assertSameBytes(await exchange(client, request), request);
    assertStrictEquals((await proxy.outcome()).reason, "client_closed");
  });
});

testTls("health_check.tls: a target without TLS is down, one with it is up", async (lab) => {
  await using plain = new TestTarget(echo);
  const { target } = tlsTarget(await lab.terminator());
  await using _target = target;
  const health = { interval: "500ms", timeout: "500ms", fall: 1, tls: true };
  const app = { ...originating(lab), targets: [plain.address, target.address], "health_check": health };
  await withProxy({ ...app, balance: "first" }, async (proxy) => {
    await until(() => proxy.log.targetChanges.length > 0);
    assertEquals(proxy.log.targetChanges, [`app-1 ${plain.address} down`]);
    using client = await proxy.connect();
    assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
    assertStrictEquals((await proxy.outcome()).tries, 1);
  });
});
