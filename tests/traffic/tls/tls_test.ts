import { assert, assertEquals, assertMatch, assertRejects, assertStrictEquals } from "@std/assert";
import { formatAddress } from "../../../lib/base/mod.ts";
import { StartError } from "../../../lib/proxy/mod.ts";
import { utf8 } from "../../helpers/bytes.ts";
import { alpn, buildHello, serverName } from "../../helpers/tls/client_hello.ts";
import {
  connectTo,
  exchange,
  randomBytes,
  readAll,
  readToEnd,
  resettingClient,
  writeAll,
} from "../../helpers/clients.ts";
import { answeredBy, Fleet } from "../../helpers/proxy/fleet.ts";
import { withProxy } from "../../helpers/proxy/proxy.ts";
import { assertSameBytes } from "../../helpers/same_bytes.ts";
import { echo, refusingAddress, TestTarget } from "../../helpers/targets.ts";
import { runSClient } from "../../helpers/tls/tls.ts";
import { originating, terminating, testTls } from "../../helpers/tls/tls_app.ts";
import { connectTls } from "../../helpers/tls/tls_client.ts";
import { tlsTarget } from "../../helpers/tls/tls_target.ts";

testTls("tls: ends the clients' TLS, so that the target gets what is in it", async (lab) => {
  await using target = new TestTarget(echo);
  await withProxy({ ...terminating(lab), targets: [target.address] }, async (proxy) => {
    const { conn } = await connectTls(proxy.port, { ca: lab.ca.cert });
    using client = conn;
    assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
    const session = await proxy.outcome();
    assertEquals([session.reason, session.sni, session.up.bytes], ["client_closed", "localhost", 5]);
  });
});

testTls("tls: without it a client's TLS is passed on", async (lab) => {
  const { target } = tlsTarget(await lab.terminator());
  await using _target = target;
  await withProxy({ targets: [target.address] }, async (proxy) => {
    const { conn } = await connectTls(proxy.port, { ca: lab.ca.cert });
    using client = conn;
    assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
    const session = await proxy.outcome();
    assertEquals([session.reason, session.sni], ["client_closed", undefined]);
    assert(session.up.bytes > 100);
  });
});

testTls("tls: the server name chooses the certificate, the first is for all others", async (lab) => {
  const named = lab.folder.make("named", { altNames: "DNS:named.test,DNS:*.named.test", issuer: lab.ca });
  const files = ({ certFile, keyFile }: typeof named) => ({ cert: certFile, key: keyFile });
  await using target = new TestTarget(echo);
  const app = { tls: { certificates: [files(lab.local), files(named)] }, targets: [target.address] };
  await withProxy(app, async (proxy) => {
    for (const name of ["localhost", "named.test", "www.named.test"]) {
      const { conn } = await connectTls(proxy.port, { ca: lab.ca.cert, name });
      conn.close();
      assertStrictEquals((await proxy.outcome()).sni, name);
    }
    for (const args of [["-servername", "other.test"], ["-noservername"]]) {
      const { stdout } = await runSClient(proxy.port, { args });
      assertMatch(stdout, /subject=CN = local\n/);
    }
  });
});

testTls("tls.alpn: the protocol is agreed on, and without one in common it is tls_error", async (lab) => {
  await using target = new TestTarget(echo);
  const app = { ...terminating(lab, { alpn: ["h2", "http/1.1"] }), targets: [target.address] };
  await withProxy(app, async (proxy) => {
    const { conn, alpn } = await connectTls(proxy.port, { ca: lab.ca.cert, alpn: ["http/1.1", "h2"] });
    conn.close();
    assertStrictEquals(alpn, "h2");
    assertStrictEquals((await proxy.outcome()).tries, 1);
    await assertRejects(() => connectTls(proxy.port, { ca: lab.ca.cert, alpn: ["smtp"] }));
    const session = await proxy.outcome();
    assertEquals([session.reason, session.tries], ["tls_error", 0]);
  });
});

testTls("tls.client_ca: only a client with a certificate of that CA comes in", async (lab) => {
  const client = lab.folder.make("client", { issuer: lab.ca });
  const stranger = lab.folder.make("stranger");
  await using target = new TestTarget(echo);
  const app = { ...terminating(lab, { client_ca: lab.ca.certFile }), targets: [target.address] };
  await withProxy(app, async (proxy) => {
    for (const [certificate, wanted] of [[client, 1], [stranger, 0], [undefined, 0]] as const) {
      const args = certificate === undefined
        ? []
        : ["-cert", certificate.certFile, "-key", certificate.keyFile];
      await runSClient(proxy.port, { args, input: "hello\n" });
      const session = await proxy.outcome();
      assertStrictEquals(session.tries, wanted);
      if (wanted === 0) assertStrictEquals(session.reason, "tls_error");
    }
  });
});

testTls("tls: a handshake that fails is tls_error before any dial, each with its cause", async (lab) => {
  await using target = new TestTarget(echo);
  const app = { ...terminating(lab, { handshake_timeout: "200ms" }), targets: [target.address] };
  const hello = buildHello({ extensions: [serverName("localhost"), alpn("h2")] });
  await withProxy(app, async (proxy) => {
    const cases: readonly (readonly [Uint8Array, "finishes" | "stays", RegExp])[] = [
      [utf8("GET / HTTP/1.1\r\n\r\n"), "stays", /plain HTTP/],
      [utf8("SSH-2.0-client\r\n"), "stays", /53 53 48 2d/],
      [hello.subarray(0, 30), "finishes", /closed during the handshake/],
      [hello.subarray(0, 30), "stays", /within 200 ms/],
      [new Uint8Array(), "stays", /within 200 ms/],
    ];
    for (const [bytes, then, detail] of cases) {
      using client = await proxy.connect();
      await writeAll(client, bytes);
      if (then === "finishes") await client.closeWrite();
      await readToEnd(client);
      const session = await proxy.outcome();
      assertEquals([session.reason, session.tries], ["tls_error", 0]);
      assertMatch(session.detail, detail);
    }
  });
  assertStrictEquals(target.accepted, 0);
});

testTls("tls and target_tls: certificate and key may be in one file", async (lab) => {
  const { cert, key } = lab.local;
  const own = lab.folder.make("own", { issuer: lab.ca });
  const { target, clients } = tlsTarget(
    await lab.terminator({
      certificates: [{ cert: key + cert, key: key + cert, origin: "one.pem" }],
      clientCa: lab.ca.cert,
    }),
  );
  await using _target = target;
  const [file, ownFile] = [
    lab.folder.write("one.pem", cert + key),
    lab.folder.write("two.pem", own.key + own.cert),
  ];
  const app = {
    ...originating(lab, { cert: ownFile, key: ownFile }),
    tls: { certificates: [{ cert: file, key: file }] },
    targets: [target.address],
  };
  await withProxy(app, async (proxy) => {
    const { conn } = await connectTls(proxy.port, { ca: lab.ca.cert });
    using client = conn;
    assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
    assertEquals(clients, ["CN=own"]);
  });
});

testTls(
  "tls: a client that leaves without a byte, as a check of the port does, is client_gone",
  async (lab) => {
    await using target = new TestTarget(echo);
    const accept = { "proxy_protocol": { accept: "required", from: ["127.0.0.1"] } };
    const header = utf8("PROXY TCP4 192.0.2.1 198.51.100.2 1000 443\r\n");
    for (const [options, before] of [[{}, new Uint8Array()], [accept, header]] as const) {
      const app = { ...terminating(lab), ...options, targets: [target.address] };
      await withProxy(app, async (proxy) => {
        const isGone = async (): Promise<void> => {
          const session = await proxy.outcome();
          assertEquals([session.reason, session.tries], ["client_gone", 0]);
          assertStrictEquals(session.detail, "the client left without a byte");
        };
        using client = await proxy.connect();
        await writeAll(client, before);
        await client.closeWrite();
        await isGone();
        if (before.length > 0) return;
        const resetting = await resettingClient(proxy.port);
        await proxy.underWay(1);
        await resetting.reset();
        await isGone();
      });
    }
  },
);

testTls(
  "tls: the name that was asked for is known where the handshake fails after the hello",
  async (lab) => {
    await using target = new TestTarget(echo);
    const app = {
      ...terminating(lab, { alpn: ["h2"], client_ca: lab.ca.certFile }),
      targets: [target.address],
    };
    await withProxy({ ...app }, async (proxy) => {
      for (const args of [["-alpn", "smtp"], ["-alpn", "h2"], ["-tls1_1", "-cipher", "ALL@SECLEVEL=0"]]) {
        await runSClient(proxy.port, { args: [...args, "-servername", "Name.test"] });
        const session = await proxy.outcome();
        assertEquals([session.reason, session.sni], ["tls_error", "name.test"]);
      }
      using client = await proxy.connect();
      await writeAll(client, buildHello({ extensions: [serverName("name.test"), alpn("h2")] }));
      await client.closeWrite();
      await readToEnd(client);
      assertStrictEquals((await proxy.outcome()).sni, "name.test");
    });
  },
);

testTls("tls: a proxy that stops ends a handshake", async (lab) => {
  await using target = new TestTarget(echo);
  await withProxy({ ...terminating(lab), targets: [target.address] }, async (proxy) => {
    using client = await proxy.connect();
    await proxy.underWay(1);
    await proxy.proxy.stop();
    assertStrictEquals((await proxy.outcome()).reason, "drained");
    await readToEnd(client);
  });
});

testTls("tls: behind a PROXY header, and the address announced is the client's", async (lab) => {
  await using target = new TestTarget(echo);
  const accept = { "proxy_protocol": { accept: "required", from: ["127.0.0.1"] } };
  await withProxy({ ...terminating(lab), ...accept, targets: [target.address] }, async (proxy) => {
    const before = utf8("PROXY TCP4 192.0.2.1 198.51.100.2 1000 443\r\n");
    const { conn } = await connectTls(proxy.port, { ca: lab.ca.cert, before });
    using client = conn;
    assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
    assertStrictEquals(formatAddress((await proxy.outcome()).client), "192.0.2.1:1000");
  });
});

testTls("tls: routes go by the name and the protocol of the handshake that ended here", async (lab) => {
  const named = lab.folder.make("named", { altNames: "DNS:a.test,DNS:b.test", issuer: lab.ca });
  await using fleet = new Fleet(3);
  const [first, second, third] = fleet.addresses;
  const app = {
    tls: { certificates: [{ cert: named.certFile, key: named.keyFile }], alpn: ["h2", "http/1.1"] },
    routes: [{ sni: ["a.test"], targets: [first] }, { alpn: ["h2"], targets: [second] }, {
      targets: [third],
    }],
  };
  await withProxy(app, async (proxy) => {
    const cases = [["a.test", ["h2"], 0], ["b.test", ["h2"], 1], ["b.test", ["http/1.1"], 2]] as const;
    for (const [name, protocols, index] of cases) {
      const { conn } = await connectTls(proxy.port, { ca: lab.ca.cert, name, alpn: protocols });
      using client = conn;
      assertStrictEquals(await answeredBy(client), index);
    }
  });
});

testTls(
  "tls: a handshake that no route takes ends with the end of TLS, and so does no target",
  async (lab) => {
    const cases = [
      { routes: [{ sni: ["elsewhere.test"], targets: [refusingAddress()] }], reason: "no_route" },
      { targets: [refusingAddress()], reason: "no_target" },
    ];
    for (const { reason, ...app } of cases) {
      await withProxy({ ...terminating(lab), ...app }, async (proxy) => {
        const { conn } = await connectTls(proxy.port, { ca: lab.ca.cert });
        using client = conn;
        // Without close_notify this rejects: what comes may have been cut.
        assertEquals(await readAll(client), new Uint8Array());
        assertStrictEquals((await proxy.outcome()).reason, reason);
      });
    }
  },
);

testTls("tls: half-close is kept in both orders, with 1 MiB each way", async (lab) => {
  const request = randomBytes(1 << 20, 1);
  const reply = randomBytes(1 << 20, 2);
  for (const first of ["client", "target"] as const) {
    let received: Uint8Array | undefined;
    await using target = new TestTarget(async (conn) => {
      if (first === "client") received = await readAll(conn);
      await writeAll(conn, reply);
      await conn.closeWrite();
      if (first === "target") received = await readAll(conn);
    });
    await withProxy({ ...terminating(lab), targets: [target.address] }, async (proxy) => {
      const { conn } = await connectTls(proxy.port, { ca: lab.ca.cert });
      using client = conn;
      if (first === "client") assertSameBytes(await exchange(client, request), reply);
      else {
        assertSameBytes(await readAll(client), reply);
        await writeAll(client, request);
        await client.closeWrite();
      }
      const session = await proxy.outcome();
      await target.done(1);
      assertSameBytes(received, request);
      assertEquals([session.reason, session.up.bytes, session.down.bytes], [
        `${first}_closed`,
        request.length,
        reply.length,
      ]);
    });
  }
});

testTls("tls: a certificate that cannot work stops the start, and says whose", async (lab) => {
  await using target = new TestTarget(echo);
  const other = lab.folder.make("other");
  const tls = { certificates: [{ cert: lab.local.certFile, key: other.keyFile }] };
  const start = (): Promise<void> => withProxy({ tls, targets: [target.address] }, () => Promise.resolve());
  const error = await assertRejects(start, StartError);
  assertMatch(error.message, /^start app "app-1": /);
});

testTls(
  "target_tls.pass_server_name: a target is asked for the client's name, and verified by it",
  async (lab) => {
    const site = lab.folder.make("site", { altNames: "DNS:site.test", issuer: lab.ca });
    const files = { certificates: [lab.local, site].map((each) => ({ ...each, origin: each.certFile })) };
    const { target, names } = tlsTarget(await lab.terminator(files));
    await using _target = target;
    for (
      const [passes, name, asked] of [
        [true, "site.test", "site.test"],
        [false, "site.test", "localhost"],
        [true, undefined, "localhost"],
      ] as const
    ) {
      const app = {
        ...terminating(lab),
        ...originating(lab, { pass_server_name: passes }),
        targets: [target.address],
      };
      await withProxy(app, async (proxy) => {
        await runSClient(proxy.port, {
          args: name === undefined ? ["-noservername"] : ["-servername", name],
        });
        assertStrictEquals((await proxy.outcome()).tries, 1);
      });
      assertStrictEquals(names.pop(), asked);
    }
  },
);

testTls(
  "target_tls.pass_server_name: a target that is not the one of the client's name is refused",
  async (lab) => {
    const { target } = tlsTarget(await lab.terminator());
    await using _target = target;
    const app = {
      ...terminating(lab),
      ...originating(lab, { pass_server_name: true }),
      targets: [target.address],
    };
    await withProxy(app, async (proxy) => {
      await runSClient(proxy.port, { args: ["-servername", "other.test"] });
      assertStrictEquals((await proxy.outcome()).reason, "no_target");
    });
  },
);

testTls("target_tls.alpn: the protocol is offered to the target", async (lab) => {
  const terminator = await lab.terminator({ alpn: ["h2"] });
  const seen: (string | undefined)[] = [];
  await using tls = tlsTarget(
    {
      accept: async (
        raw: Parameters<typeof terminator.accept>[0],
        options: Parameters<typeof terminator.accept>[1],
      ) => {
        const accepted = await terminator.accept(raw, options);
        seen.push(accepted.alpn);
        return accepted;
      },
    } as typeof terminator,
  ).target;
  const app = { ...originating(lab, { alpn: ["http/1.1", "h2"] }), targets: [tls.address] };
  await withProxy(app, async (proxy) => {
    using client = await connectTo(proxy.port);
    assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
    await proxy.outcome();
  });
  assertEquals(seen, ["h2"]);
});
