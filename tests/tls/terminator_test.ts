import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:tls";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import fc from "fast-check";
import { isTlsSupported, type TlsAccepted, TlsError, TlsTerminator } from "../../lib/tls/mod.ts";
import { JUNK_CERTIFICATE } from "../helpers/tls/certificates.ts";
import { buildHello } from "../helpers/tls/client_hello.ts";
import { utf8 } from "../helpers/bytes.ts";
import { echo } from "../helpers/targets.ts";
import { altered, echoOnce, runSClient, showing, tcpPair } from "../helpers/tls/tls.ts";
import { testTls } from "../helpers/tls/tls_app.ts";
import { type Arrival, hostOne, localhost, noSignal } from "../helpers/tls/tls_lab.ts";

function accepted(arrival: Arrival): TlsAccepted {
  if (arrival instanceof TlsError) throw arrival;
  return arrival;
}

function refused(arrival: Arrival): TlsError {
  if (!(arrival instanceof TlsError)) throw new Error("accept succeeded; expected a refusal");
  assertEquals(arrival.side, "client");
  return arrival;
}

for (const [version, name] of [["-tls1_2", "TLSv1.2"], ["-tls1_3", "TLSv1.3"]] as const) {
  testTls(`TlsTerminator: speaks ${name}, and each side's end arrives`, async (lab) => {
    const { arrival, visit } = await hostOne(
      await lab.terminator(),
      (port) =>
        runSClient(port, { args: [version, "-CAfile", lab.ca.certFile, "-ign_eof"], input: "hello\n" }),
      echoOnce,
    );
    assertEquals(accepted(arrival).alpn, undefined);
    assertEquals(visit.code, 0, visit.stderr);
    assertMatch(visit.stdout, new RegExp(`${name}[^]*Verify return code: 0 \\(ok\\)[^]*hello`));
  });
}

testTls("TlsTerminator: TLS 1.1 is refused with an alert", async (lab) => {
  const { arrival, visit } = await hostOne(
    await lab.terminator(),
    (port) => runSClient(port, { args: ["-tls1_1", "-cipher", "ALL@SECLEVEL=0"] }),
  );
  assertEquals(refused(arrival).code, "NO_SHARED_PROTOCOL");
  assertMatch(visit.stderr, /alert protocol version/);
});

testTls("TlsTerminator: the server name chooses the certificate", async (lab) => {
  const { folder, ca } = lab;
  const star = folder.make("star", { altNames: "DNS:*.example.com", issuer: ca });
  const api = folder.make("api", { altNames: "DNS:api.example.com", issuer: ca });
  const terminator = await lab.terminator({
    certificates: [lab.local, star, api].map((certificate) => ({ ...certificate, origin: "a" })),
  });
  const cases: [args: string[], subject: string, sni: string | undefined][] = [
    [["-servername", "API.example.com"], "CN = api", "api.example.com"],
    [["-servername", "other.example.com"], "CN = star", "other.example.com"],
    [["-servername", "elsewhere.test"], "CN = local", "elsewhere.test"],
    [["-noservername"], "CN = local", undefined],
  ];
  for (const [args, subject, sni] of cases) {
    const { arrival, visit } = await hostOne(terminator, (port) => runSClient(port, { args }));
    assertEquals(accepted(arrival).sni, sni);
    assertMatch(visit.stdout, new RegExp(`subject=${subject}\n`));
  }
});

testTls("TlsTerminator: negotiates an application protocol, refuses, or uses none", async (lab) => {
  const terminator = await lab.terminator({ alpn: ["h2", "http/1.1"] });
  const both = await hostOne(terminator, (port) => runSClient(port, { args: ["-alpn", "http/1.1,h2"] }));
  assertEquals(accepted(both.arrival).alpn, "h2");
  const none = await hostOne(terminator, (port) => runSClient(port));
  assertEquals(accepted(none.arrival).alpn, undefined);
  const other = await hostOne(terminator, (port) => runSClient(port, { args: ["-alpn", "imap"] }));
  assertEquals(refused(other.arrival).code, "NO_SHARED_PROTOCOL");
  assertMatch(other.visit.stderr, /alert no application protocol/);
});

for (const version of ["-tls1_2", "-tls1_3"]) {
  testTls(`TlsTerminator: with a client CA, requires a certificate of it (${version})`, async (lab) => {
    const { folder, ca } = lab;
    const strangerCa = folder.make("stranger-ca", { isCa: true });
    const terminator = await lab.terminator({ clientCa: ca.cert });
    const visit = async (certificate?: { certFile: string; keyFile: string }): Promise<Arrival> => {
      const shown = certificate === undefined ? [] : showing(certificate);
      const { arrival } = await hostOne(
        terminator,
        (port) => runSClient(port, { args: [version, ...shown] }),
      );
      return arrival;
    };
    const good = folder.make("good", { issuer: ca, subject: "/O=Example/CN=good" });
    assertEquals(accepted(await visit(good)).clientSubject, "O=Example, CN=good");
    assertEquals(refused(await visit()).code, "CERTIFICATE_MISSING");
    assertEquals(
      refused(await visit(folder.make("stranger", { issuer: strangerCa }))).code,
      "CERTIFICATE_UNKNOWN",
    );
    assertEquals(refused(await visit(folder.make("alone"))).code, "CERTIFICATE_SELF_SIGNED");
    const expired = refused(await visit(folder.make("expired", { issuer: ca, days: -1 })));
    assertEquals(expired.code, "CERTIFICATE_EXPIRED");
    assertMatch(
      expired.message,
      /^TLS with the client: the certificate "CN=expired" expired on .*$/,
    );
    const old = refused(await visit(folder.make("old", { issuer: ca, years: [2020, 2021] })));
    assertEquals(old.code, "CERTIFICATE_EXPIRED");
    const early = refused(await visit(folder.make("early", { issuer: ca, years: [2090, 2091] })));
    assertEquals(early.code, "CERTIFICATE_NOT_YET_VALID");
  });
}

testTls("TlsTerminator: refuses a client whose chain has an invalid certificate", async (lab) => {
  const terminator = await lab.terminator({ clientCa: lab.ca.cert });
  for (const { cert, key } of [lab.folder.make("good", { issuer: lab.ca }), lab.folder.make("alone")]) {
    const { arrival } = await hostOne(terminator, async (port) => {
      const client = connect({ port, cert: cert + JUNK_CERTIFICATE, key, rejectUnauthorized: false });
      // It may hear of the refusal by a reset.
      client.on("error", () => {});
      await new Promise<void>((resolve) => client.once("close", () => resolve()));
    });
    assertEquals(refused(arrival).code, "CERTIFICATE_INVALID");
    assertMatch(
      refused(arrival).message,
      /cannot read a certificate that the peer sent \(.+\)$/,
    );
  }
});

testTls("TlsTerminator: without a client CA, requests no certificate", async (lab) => {
  const { arrival, visit } = await hostOne(
    await lab.terminator(),
    (port) => runSClient(port, { args: showing(lab.local) }),
  );
  assertEquals(accepted(arrival).clientSubject, undefined);
  assertMatch(visit.stdout, /No client certificate CA names sent/);
});

testTls("TlsTerminator: takes bytes read earlier first", async (lab) => {
  const [terminator, targetTls, { client, server }] = await Promise.all([
    lab.terminator(),
    lab.targetTls(),
    tcpPair(),
  ]);
  const connecting = targetTls.connect(client, localhost());
  const lead = new Uint8Array(100);
  const count = await server.read(lead) ?? 0;
  const accepting = terminator.accept(server, { lead: lead.subarray(0, count), signal: noSignal() });
  lead.fill(0);
  const { conn, sni } = await accepting;
  (await connecting).conn.close();
  conn.close();
  assertEquals(sni, "localhost");
});

testTls(
  "TlsTerminator.reload: the next handshake has the new certificate, a connection stays",
  async (lab) => {
    const terminator = await lab.terminator();
    const { client, server } = await tcpPair();
    const targetTls = await lab.targetTls();
    const [{ conn }, { conn: old }] = await Promise.all([
      terminator.accept(server, { signal: noSignal() }),
      targetTls.connect(client, localhost()),
    ]);
    const next = lab.folder.make("next", { altNames: "DNS:localhost", issuer: lab.ca });
    const options = {
      certificates: [{ ...next, origin: "next.pem" }],
      handshakeTimeoutMs: 10_000,
    };
    await terminator.reload(options);
    const { visit } = await hostOne(terminator, (port) => runSClient(port));
    assertMatch(visit.stdout, /subject=CN = next\n/);

    const bad = { ...options, certificates: [{ ...next, key: lab.local.key, origin: "bad.pem" }] };
    const error = await assertRejects(() => terminator.reload(bad), TlsError);
    assertEquals(error.code, "BAD_CERTIFICATE");
    assertMatch(error.message, /^TLS with the client: "bad.pem": the key does not match the certificate$/);
    const { visit: after } = await hostOne(terminator, (port) => runSClient(port));
    assertMatch(after.stdout, /subject=CN = next\n/);

    const echoing = echo(conn);
    await old.write(utf8("still here"));
    assertEquals(await old.read(new Uint8Array(64)), 10);
    await old.closeWrite();
    await echoing;
    old.close();
    conn.close();
  },
);

testTls("TlsTerminator.prepare: a handshake uses the settings in effect at its ClientHello", async (lab) => {
  const nextCa = lab.folder.make("next-ca", { isCa: true });
  const next = lab.folder.make("next", { altNames: "DNS:localhost", issuer: nextCa });
  const options = {
    certificates: [{ ...next, origin: "next.pem" }],
    handshakeTimeoutMs: 10_000,
  };
  for (const [hasSaidHello, ca] of [[true, lab.ca], [false, nextCa]] as const) {
    const terminator = await lab.terminator();
    const targetTls = await lab.targetTls({ ca: ca.cert });
    const { client, server } = await tcpPair();
    const [answered, mayRead] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const reported = altered(server, {
      write: (bytes) => {
        answered.resolve();
        return server.write(bytes);
      },
    });
    const waiting = altered(client, {
      read: async (buffer) => {
        await mayRead.promise;
        return await client.read(buffer);
      },
    });
    const connect = (): ReturnType<typeof targetTls.connect> => targetTls.connect(waiting, localhost());
    const accepting = terminator.accept(reported, { signal: noSignal() });
    const connecting = hasSaidHello ? connect() : undefined;
    if (hasSaidHello) await answered.promise;
    const use = await terminator.prepare(options);
    use();
    mayRead.resolve();
    const [accepted, connected] = await Promise.all([accepting, connecting ?? connect()]);
    accepted.conn.close();
    connected.conn.close();
  }
});

testTls("TlsTerminator: starts with an expired certificate of our own", async (lab) => {
  const old = lab.folder.make("old", { issuer: lab.ca, days: -1 });
  const terminator = await lab.terminator({ certificates: [{ ...old, origin: "old.pem" }] });
  const { arrival } = await hostOne(terminator, (port) => runSClient(port));
  accepted(arrival);
});

testTls("TlsTerminator: gives up on a stalled handshake", async (lab) => {
  const terminator = await lab.terminator({ handshakeTimeoutMs: 20 });
  // The beginning of a record, and no more of it.
  for (const opening of [[], [0x16], [0x16, 3, 1, 2, 0, 1, 0, 1]]) {
    const { client, server } = await tcpPair();
    const accepting = terminator.accept(server, { signal: noSignal() });
    if (opening.length > 0) await client.write(Uint8Array.from(opening));
    const error = await assertRejects(() => accepting, TlsError);
    assertEquals(error.code, "HANDSHAKE_TIMEOUT");
    server.close();
    client.close();
  }
});

testTls("TlsTerminator: an abort rejects with the signal's reason", async (lab) => {
  const terminator = await lab.terminator();
  const { client, server } = await tcpPair();
  const controller = new AbortController();
  const accepting = terminator.accept(server, { signal: controller.signal });
  controller.abort(new RangeError("enough"));
  await assertRejects(() => accepting, RangeError, "enough");
  await assertRejects(() => terminator.accept(server, { signal: controller.signal }), RangeError, "enough");
  server.close();
  client.close();
});

testTls("TlsTerminator: distinguishes a client that hangs up, speaks HTTP or anything else", async (lab) => {
  const terminator = await lab.terminator();
  const cases: [opening: string, code: string, message: RegExp][] = [
    ["", "HUNG_UP", /connection closed during the handshake/],
    ["GET / HTTP/1.1\r\n\r\n", "PLAIN_HTTP", /received a plain HTTP request; expected a TLS handshake/],
    ["SSH-2.0-OpenSSH_9\r\n", "NOT_TLS", /first bytes are 53 53 48 2d; expected a TLS handshake/],
    ["\x16\x03\x01\x00\x04\x01\x00\x00\x00", "BROKEN", /invalid TLS data/],
  ];
  for (const [opening, code, message] of cases) {
    const { client, server } = await tcpPair();
    const accepting = terminator.accept(server, { signal: noSignal() });
    if (opening !== "") await client.write(Uint8Array.from(opening, (char) => char.charCodeAt(0)));
    await client.closeWrite();
    const error = await assertRejects(() => accepting, TlsError);
    assertEquals(error.code, code, opening);
    assertMatch(error.message, message);
    server.close();
    client.close();
  }
});

testTls("TlsTerminator: no bytes crash it or outlast the client", async (lab) => {
  const terminator = await lab.terminator();
  const record = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((body) =>
    Uint8Array.of(0x16, 3, 1, body.length >> 8, body.length & 255, ...body)
  );
  await fc.assert(
    fc.asyncProperty(fc.oneof(record, fc.uint8Array({ maxLength: 300 })), async (bytes) => {
      const { client, server } = await tcpPair();
      const accepting = terminator.accept(server, { signal: noSignal() });
      if (bytes.length > 0) await client.write(bytes);
      await client.closeWrite();
      const error = await assertRejects(() => accepting, TlsError);
      assert(["HUNG_UP", "NOT_TLS", "BROKEN", "NO_SHARED_PROTOCOL", "PEER_ALERT"].includes(error.code));
      server.close();
      client.close();
    }),
    { numRuns: 60 },
  );
});

testTls("TlsTerminator: rejects when the connection beneath closes in mid-handshake", async (lab) => {
  const terminator = await lab.terminator();
  const { client, server } = await tcpPair();
  const accepting = terminator.accept(server, { signal: noSignal() });
  server.close();
  const error = await assertRejects(() => accepting, TlsError);
  assertEquals(error.code, "HUNG_UP");
  client.close();
});

Deno.test({
  name: "TlsTerminator.load: names an unsupported runtime and the required one",
  ignore: isTlsSupported(),
  fn: async () => {
    const options = { certificates: [], handshakeTimeoutMs: 10_000 };
    const error = await assertRejects(() => TlsTerminator.load(options), TlsError);
    assertEquals(error.code, "UNSUPPORTED_RUNTIME");
    assertMatch(error.message, /this is Deno 2\.\d+\.\d+; TLS needs 2\.9 or newer$/);
  },
});

Deno.test({
  name: "TlsTerminator.load: refuses no certificate",
  ignore: !isTlsSupported(),
  fn: async () => {
    const options = { certificates: [], handshakeTimeoutMs: 10_000 };
    const error = await assertRejects(() => TlsTerminator.load(options), TlsError);
    assertEquals(error.code, "BAD_CERTIFICATE");
  },
});

testTls("TlsTerminator: refuses a ClientHello with nothing in common", async (lab) => {
  const terminator = await lab.terminator();
  const { client, server } = await tcpPair();
  await client.write(buildHello());
  const error = await assertRejects(() => terminator.accept(server, { signal: noSignal() }), TlsError);
  assertEquals(error.code, "NO_SHARED_PROTOCOL");
  server.close();
  client.close();
});

testTls("TlsTerminator: gives up on a client that sends nothing after its ClientHello", async (lab) => {
  const [terminator, targetTls] = await Promise.all([
    lab.terminator({ handshakeTimeoutMs: 50 }),
    lab.targetTls(),
  ]);
  const { client, server } = await tcpPair();
  const deaf = altered(client, {
    read: () => new Promise(() => undefined),
  });
  const controller = new AbortController();
  const options = localhost({ signal: controller.signal });
  const connecting = targetTls.connect(deaf, options);
  const error = await assertRejects(() => terminator.accept(server, { signal: noSignal() }), TlsError);
  assertEquals(error.code, "HANDSHAKE_TIMEOUT");
  controller.abort(new RangeError("enough"));
  await assertRejects(() => connecting, RangeError);
  server.close();
  client.close();
});

testTls("TlsTerminator: reads a ClientHello cut at every byte", async (lab) => {
  const terminator = await lab.terminator();
  const targetTls = await lab.targetTls();
  const { client, server } = await tcpPair();
  const oneByOne = altered(server, {
    read: (buffer) => server.read(buffer.subarray(0, 1)),
  });
  const [{ conn, sni }, connected] = await Promise.all([
    terminator.accept(oneByOne, { signal: noSignal() }),
    targetTls.connect(client, localhost()),
  ]);
  assertEquals(sni, "localhost");
  conn.close();
  connected.conn.close();
});

testTls("TlsTerminator: speaks only the configured versions", async (lab) => {
  for (
    const [version, refusedVersion, options] of [
      ["-tls1_3", "-tls1_2", { minVersion: "1.3" }],
      ["-tls1_2", "-tls1_3", { maxVersion: "1.2" }],
    ] as const
  ) {
    const terminator = await lab.terminator(options);
    accepted((await hostOne(terminator, (port) => runSClient(port, { args: [version] }))).arrival);
    const other = await hostOne(terminator, (port) => runSClient(port, { args: [refusedVersion] }));
    assertEquals(refused(other.arrival).code, "NO_SHARED_PROTOCOL");
    assertMatch(other.visit.stderr, /alert protocol version/);
  }
});

for (const version of ["-tls1_2", "-tls1_3"]) {
  testTls(
    `TlsTerminator: an optional client certificate may be missing, but not invalid (${version})`,
    async (lab) => {
      const terminator = await lab.terminator({ clientCa: lab.ca.cert, clientAuth: "optional" });
      const visit = async (certificate?: { certFile: string; keyFile: string }): Promise<Arrival> => {
        const shown = certificate === undefined ? [] : showing(certificate);
        return (await hostOne(terminator, (port) => runSClient(port, { args: [version, ...shown] }))).arrival;
      };
      assertEquals(accepted(await visit()).clientSubject, undefined);
      assertEquals(
        accepted(await visit(lab.folder.make("good", { issuer: lab.ca }))).clientSubject,
        "CN=good",
      );
      assertEquals(refused(await visit(lab.folder.make("alone"))).code, "CERTIFICATE_SELF_SIGNED");
      assertEquals(
        refused(await visit(lab.folder.make("old", { issuer: lab.ca, days: -1 }))).code,
        "CERTIFICATE_EXPIRED",
      );
    },
  );
}

testTls("the runtime's TLS ignores lists of ciphers and groups, as the config documents", async (lab) => {
  const { cert, key } = lab.local;
  const server = createServer({
    cert,
    key,
    ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384",
    ecdhCurve: "secp384r1",
  });
  server.on("secureConnection", (socket) => socket.on("error", () => {}));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo;
  const args = ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256", "-groups", "P-256"];
  assertMatch((await runSClient(port, { args })).stdout, /Cipher is ECDHE-ECDSA-AES128-GCM-SHA256/);
  await new Promise<void>((resolve) => server.close(() => resolve()));
});
