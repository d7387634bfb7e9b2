import type { AddressInfo } from "node:net";
import { createServer } from "node:tls";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { type TargetTls, TargetTls as Tls, type TlsConnectOptions, TlsError } from "../../lib/tls/mod.ts";
import { utf8 } from "../helpers/bytes.ts";
import { JUNK_CERTIFICATE, type TestCertificate } from "../helpers/tls/certificates.ts";
import { connectTo } from "../helpers/clients.ts";
import { showing, tcpPair, withSServer } from "../helpers/tls/tls.ts";
import { testTls } from "../helpers/tls/tls_app.ts";
import { localhost } from "../helpers/tls/tls_lab.ts";

/** Connects, and gives what was agreed on or why not. */
async function visit(
  tls: TargetTls,
  port: number,
  options: Partial<TlsConnectOptions> = {},
): Promise<string | undefined | TlsError> {
  const raw = await connectTo(port);
  try {
    const { conn, alpn } = await tls.connect(raw, localhost(options));
    conn.close();
    return alpn;
  } catch (error) {
    if (!(error instanceof TlsError)) throw error;
    raw.close();
    assertEquals(error.side, "target");
    return error;
  }
}

function codeOf(outcome: string | undefined | TlsError): string | undefined {
  return outcome instanceof TlsError ? outcome.code : outcome;
}

for (const version of ["-tls1_2", "-tls1_3"]) {
  testTls(`TargetTls: bytes go there and back (${version})`, async (lab) => {
    await withSServer([...showing(lab.local), version], async (port) => {
      const tls = await lab.targetTls();
      const { conn } = await tls.connect(await connectTo(port), localhost());
      await conn.write(utf8("hello\n"));
      const buffer = new Uint8Array(64);
      const count = await conn.read(buffer) ?? 0;
      assertEquals(new TextDecoder().decode(buffer.subarray(0, count)), "olleh\n");
      conn.close();
    });
  });
}

testTls("TargetTls: negotiates an application protocol", async (lab) => {
  await withSServer([...showing(lab.local), "-alpn", "http/1.1,h2"], async (port) => {
    assertEquals(await visit(await lab.targetTls({ alpn: ["h2"] }), port), "h2");
    assertEquals(await visit(await lab.targetTls(), port), undefined);
    assertEquals(codeOf(await visit(await lab.targetTls({ alpn: ["imap"] }), port)), "PEER_ALERT");
  });
});

testTls("TargetTls: speaks only the configured versions", async (lab) => {
  await withSServer([...showing(lab.local), "-tls1_2"], async (port) => {
    assertEquals(await visit(await lab.targetTls({ maxVersion: "1.2" }), port), undefined);
    assertEquals(codeOf(await visit(await lab.targetTls({ minVersion: "1.3" }), port)), "PEER_ALERT");
  });
  await withSServer([...showing(lab.local), "-tls1_3"], async (port) => {
    assertEquals(await visit(await lab.targetTls({ minVersion: "1.3" }), port), undefined);
    assertEquals(codeOf(await visit(await lab.targetTls({ maxVersion: "1.2" }), port)), "PEER_ALERT");
  });
});

testTls("TargetTls: the certificate must be for the name, or the address", async (lab) => {
  await withSServer(showing(lab.local), async (port) => {
    const tls = await lab.targetTls();
    assertEquals(await visit(tls, port, { serverName: "LOCALHOST" }), undefined);
    assertEquals(await visit(tls, port, { serverName: "127.0.0.1" }), undefined);
    for (const serverName of ["db.internal", "127.0.0.2", "::1"]) {
      const outcome = await visit(tls, port, { serverName });
      assertEquals(codeOf(outcome), "CERTIFICATE_WRONG_NAME");
      assertEquals(
        (outcome as TlsError).message,
        'TLS with the target: the certificate is for "localhost", "127.0.0.1"; ' +
          `expected one for "${serverName}"`,
      );
    }
  });
});

testTls("TargetTls: the certificate must be by a known CA, and within its time", async (lab) => {
  const { folder, ca } = lab;
  const otherCa = folder.make("other-ca", { isCa: true });
  const altNames = "DNS:localhost";
  const cases: [certificate: TestCertificate, code: string, message: RegExp][] = [
    [
      folder.make("stranger", { issuer: otherCa, altNames }),
      "CERTIFICATE_UNKNOWN",
      /the certificate "CN=stranger" was issued by "CN=other-ca"; expected a known CA$/,
    ],
    [
      folder.make("alone", { altNames }),
      "CERTIFICATE_SELF_SIGNED",
      /"CN=alone" is self-signed; expected one issued by a known CA/,
    ],
    [
      folder.make("expired", { issuer: ca, altNames, days: -1 }),
      "CERTIFICATE_EXPIRED",
      /the certificate "CN=expired" expired on .*$/,
    ],
    [
      folder.make("old", { issuer: ca, altNames, years: [2020, 2021] }),
      "CERTIFICATE_EXPIRED",
      /the certificate "CN=old" expired on Jan +1 00:00:00 2021 GMT$/,
    ],
    [
      folder.make("early", { issuer: ca, altNames, years: [2090, 2091] }),
      "CERTIFICATE_NOT_YET_VALID",
      /the certificate "CN=early" is not valid before Jan +1 00:00:00 2090 GMT$/,
    ],
    [
      folder.make("misused", { issuer: ca, altNames, isCa: true }),
      "CERTIFICATE_INVALID",
      /the certificate "CN=misused" is a CA certificate; expected one issued by a CA$/,
    ],
  ];
  const strict = await lab.targetTls();
  const lax = await lab.targetTls({ verify: false });
  const system = await Tls.load({});
  for (const [certificate, code, message] of cases) {
    await withSServer(showing(certificate), async (port) => {
      assertEquals(await visit(lax, port, { serverName: "anything.example" }), undefined);
      // After a connection that was not verified, none is taken up again without being verified.
      for (let round = 0; round < 2; round++) {
        const outcome = await visit(strict, port);
        assertEquals(codeOf(outcome), code);
        assertMatch((outcome as TlsError).message, message);
      }
      assertEquals((await visit(system, port)) instanceof TlsError, true);
    });
  }
});

testTls("TargetTls: does not mistake the rest of the chain for the target's certificate", async (lab) => {
  const { folder, ca } = lab;
  const otherCa = folder.make("other-ca", { isCa: true });
  const altNames = "DNS:localhost";
  const leaf = folder.make("leaf", { issuer: otherCa, altNames });
  const middle = folder.make("middle", { issuer: ca, isCa: true, years: [2020, 2021] });
  const below = folder.make("below", { issuer: middle, altNames });
  const cases: [certificate: TestCertificate, chain: TestCertificate, message: RegExp][] = [
    [leaf, otherCa, /the certificate "CN=leaf" was issued by "CN=other-ca"; expected a known CA$/],
    [
      below,
      middle,
      /the certificate "CN=below" was issued by "CN=middle", which expired on Jan +1 .* 2021 GMT; expected a known CA$/,
    ],
  ];
  const strict = await lab.targetTls();
  for (const [certificate, chain, message] of cases) {
    await withSServer([...showing(certificate), "-cert_chain", chain.certFile], async (port) => {
      const outcome = await visit(strict, port);
      assertEquals(codeOf(outcome), "CERTIFICATE_UNKNOWN");
      assertMatch((outcome as TlsError).message, message);
    });
  }
});

testTls(
  "TargetTls: refuses a target whose chain has an invalid certificate, verified or not",
  async (lab) => {
    const { cert, key } = lab.local;
    const target = createServer(
      { cert: cert + JUNK_CERTIFICATE, key },
      (socket) => socket.on("error", () => {}),
    );
    target.on("tlsClientError", () => {});
    await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", () => resolve()));
    const { port } = target.address() as AddressInfo;
    for (const verify of [true, false]) {
      const outcome = await visit(await lab.targetTls({ verify }), port);
      assertEquals(codeOf(outcome), "BROKEN");
      assertMatch((outcome as TlsError).message, /invalid TLS data \(.+\)$/);
    }
    await new Promise<void>((resolve) => target.close(() => resolve()));
  },
);

testTls("TargetTls: a configured CA is the only trusted one", async (lab) => {
  const otherCa = lab.folder.make("other-ca", { isCa: true });
  const other = await lab.targetTls({ ca: otherCa.cert });
  const both = await lab.targetTls({ ca: otherCa.cert + lab.ca.cert });
  await withSServer(showing(lab.local), async (port) => {
    assertEquals(await visit(both, port), undefined);
    assertEquals(codeOf(await visit(other, port)), "CERTIFICATE_UNKNOWN");
  });
});

testTls(
  "TargetTls: presents our certificate to a target that requires one, and reports its alert otherwise",
  async (lab) => {
    const { cert, key } = lab.folder.make("us", { issuer: lab.ca });
    const args = [...showing(lab.local), "-CAfile", lab.ca.certFile, "-Verify", "1", "-verify_return_error"];
    for (const version of ["-tls1_2", "-tls1_3"]) {
      await withSServer([...args, version], async (port) => {
        const connect = async (tls: TargetTls): Promise<number | null> => {
          const raw = await connectTo(port);
          try {
            const { conn } = await tls.connect(raw, localhost());
            try {
              await conn.write(utf8("hello\n"));
              return await conn.read(new Uint8Array(64));
            } finally {
              conn.close();
            }
          } catch (error) {
            // Closed with the connection, where there was one.
            if (version === "-tls1_2" && error instanceof TlsError) raw.close();
            throw error;
          }
        };
        assertEquals(await connect(await lab.targetTls({ cert, key })), 6);
        const tls = await lab.targetTls();
        const error = await assertRejects(() => connect(tls), TlsError);
        assertEquals(error.code, "PEER_ALERT");
        assertMatch(error.message, /peer sent the fatal alert "(certificate required|handshake failure)"/);
      });
    }
  },
);

testTls("TargetTls.load: refuses unusable settings", async (lab) => {
  const other = lab.folder.make("other");
  const { cert } = lab.local;
  for (const options of [{ ca: "nonsense" }, { cert }, { cert, key: other.key }, { key: other.key }]) {
    const error = await assertRejects(() => Tls.load(options), TlsError);
    assertEquals([error.code, error.side], ["BAD_CERTIFICATE", "target"]);
  }
});

testTls("TargetTls: distinguishes a target that is silent, speaks HTTP, or hangs up", async (lab) => {
  const tls = await lab.targetTls();
  const cases: [answer: string | undefined, code: string][] = [
    [undefined, "HANDSHAKE_TIMEOUT"],
    ["", "HUNG_UP"],
    ["HTTP/1.1 400 Bad Request\r\n\r\n", "PLAIN_HTTP"],
    ["220 mail.example ESMTP\r\n", "NOT_TLS"],
  ];
  for (const [answer, code] of cases) {
    const { client, server } = await tcpPair();
    if (answer !== undefined) {
      if (answer !== "") await server.write(utf8(answer));
      await server.closeWrite();
    }
    const timeoutMs = answer === undefined ? 20 : 10_000;
    const error = await assertRejects(
      () => tls.connect(client, localhost({ timeoutMs })),
      TlsError,
    );
    assertEquals(error.code, code);
    client.close();
    server.close();
  }
});

testTls("TargetTls: an abort rejects with the signal's reason", async (lab) => {
  const tls = await lab.targetTls();
  const { client, server } = await tcpPair();
  const controller = new AbortController();
  const connecting = tls.connect(client, localhost({ signal: controller.signal }));
  controller.abort(new RangeError("enough"));
  await assertRejects(() => connecting, RangeError, "enough");
  client.close();
  server.close();
});
