import { assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { DerError } from "../../lib/tls/trust/_der.ts";
import { readRevocationList, splitLists } from "../../lib/tls/trust/_revocation_list.ts";
import { checkRevocations, TlsError, type TlsTerminator } from "../../lib/tls/mod.ts";
import type { TestCertificate } from "../helpers/tls/certificates.ts";
import { connectTo } from "../helpers/clients.ts";
import { runSClient, withSServer } from "../helpers/tls/tls.ts";
import { testTls } from "../helpers/tls/tls_app.ts";
import { hostOne, noSignal } from "../helpers/tls/tls_lab.ts";

async function codeOf(
  terminator: TlsTerminator,
  { certFile, keyFile }: TestCertificate,
  version: string,
): Promise<{ code: string | undefined; reported: string }> {
  const args = ["-ign_eof", version, "-cert", certFile, "-key", keyFile];
  const { arrival, visit } = await hostOne(terminator, (port) => runSClient(port, { args }));
  return {
    code: arrival instanceof TlsError ? arrival.code : undefined,
    reported: visit.stderr + visit.stdout,
  };
}

for (const version of ["-tls1_2", "-tls1_3"]) {
  testTls(`TlsTerminator: a client whose certificate was revoked is refused (${version})`, async (lab) => {
    const { folder, ca } = lab;
    const [good, bad] = [folder.make("good", { issuer: ca }), folder.make("bad", { issuer: ca })];
    const { pem } = folder.revoke("list", ca, [bad]);
    const terminator = await lab.terminator({ clientCa: ca.cert, clientCrl: pem });
    assertEquals((await codeOf(terminator, good, version)).code, undefined);
    const { code, reported } = await codeOf(terminator, bad, version);
    assertEquals(code, "CERTIFICATE_REVOKED");
    if (version === "-tls1_2") assertMatch(reported, /alert certificate revoked/);
  });
}

testTls(
  "TlsTerminator: like openssl, refuses everyone of a CA without a current list",
  async (lab) => {
    const { folder, ca } = lab;
    const other = folder.make("other-ca", { isCa: true });
    const old = folder.revoke("old", ca, [], { until: "20210101000000Z" });
    const list = folder.revoke("list", ca, []);
    const client = folder.make("client", { issuer: ca });
    const theirs = folder.make("theirs", { issuer: other });
    for (
      const [crl, shown, ok] of [
        [old.pem, client, false],
        [old.pem + list.pem, client, true],
        [list.pem, theirs, false],
        [list.pem + folder.revoke("others", other, []).pem, theirs, true],
      ] as const
    ) {
      const terminator = await lab.terminator({ clientCa: ca.cert + other.cert, clientCrl: crl });
      const { code } = await codeOf(terminator, shown, "-tls1_3");
      assertEquals(code, ok ? undefined : "CERTIFICATE_REVOCATION_UNKNOWN");
    }
  },
);

testTls("TlsTerminator: refuses everyone of a revoked intermediate CA", async (lab) => {
  const { folder, ca } = lab;
  const middle = folder.make("middle", { isCa: true, issuer: ca });
  const client = folder.make("client", { issuer: middle });
  const certFile = folder.write("chain.pem", client.cert + middle.cert);
  for (const [revoked, wanted] of [[[], undefined], [[middle], "CERTIFICATE_REVOKED"]] as const) {
    const clientCrl = folder.revoke("root", ca, revoked).pem + folder.revoke("middle-list", middle, []).pem;
    const terminator = await lab.terminator({ clientCa: ca.cert + middle.cert, clientCrl });
    const args = ["-ign_eof", "-cert", client.certFile, "-key", client.keyFile, "-cert_chain", certFile];
    const { arrival } = await hostOne(terminator, (port) => runSClient(port, { args }));
    assertEquals(arrival instanceof TlsError ? arrival.code : undefined, wanted);
  }
});

testTls("TargetTls: a target whose certificate was revoked is refused", async (lab) => {
  const { folder, ca, local } = lab;
  await withSServer(["-cert", local.certFile, "-key", local.keyFile], async (port) => {
    for (const [revoked, wanted] of [[[], undefined], [[local], "CERTIFICATE_REVOKED"]] as const) {
      const tls = await lab.targetTls({ crl: folder.revoke("list", ca, revoked).pem });
      const raw = await connectTo(port);
      let code: string | undefined;
      try {
        const options = { serverName: "localhost", timeoutMs: 10_000, signal: noSignal() };
        (await tls.connect(raw, options)).conn.close();
      } catch (error) {
        if (!(error instanceof TlsError)) throw error;
        raw.close();
        code = error.code;
      }
      assertEquals(code, wanted);
    }
  });
});

testTls("checkRevocations: reports each unusable list", async ({ folder, ca }) => {
  const list = folder.revoke("list", ca, []).pem;
  const old = folder.revoke("old", ca, [], { until: "20210101000000Z" }).pem;
  const delta = folder.revoke("delta", ca, [], { extensions: "2.5.29.27=critical,ASN1:INTEGER:1" }).pem;
  const strangers = folder.revoke("strangers", folder.make("stranger", { isCa: true }), []).pem;
  const cases: [text: string, message: RegExp][] = [
    ["", /^the file has no revocation list; /],
    [ca.cert, /^the file has no revocation list; /],
    [list.slice(0, -40), /^list 1 is cut off; /],
    [list.replace(/\n[A-Za-z0-9+/]{8}/, "\n????????"), /^the file cannot be read: a list is not base64; /],
    [list + strangers, /^list 2 is not signed by any CA that is trusted here; /],
    [old, /^list 1 expired on 2021-01-01T00:00:00\.000Z, /],
    [delta, /^list 1 cannot be used: it has the critical extension deltaCRLIndicator, /],
    ["-----BEGIN X509 CRL-----\nMAMCAQE=\n-----END X509 CRL-----\n", /^list 1 cannot be used: /],
  ];
  assertEquals(await checkRevocations(list, ca.cert), []);
  for (const [text, message] of cases) {
    const [problem] = await checkRevocations(text, ca.cert);
    assertEquals(problem?.severity, "error");
    assertMatch(problem?.message ?? "", message);
  }
});

testTls("readRevocationList: any bytes are parsed or give a DerError", ({ folder, ca }) => {
  const [der = new Uint8Array()] = splitLists(
    folder.revoke("list", ca, [folder.make("bad", { issuer: ca })]).pem,
  );
  assertEquals(readRevocationList(der).serials.size, 1);
  const changed = fc.tuple(fc.nat(der.length - 1), fc.nat(255)).map(([at, byte]) => {
    const bytes = der.slice();
    bytes[at] = byte;
    return bytes;
  });
  fc.assert(
    fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 100 })), (bytes) => {
      try {
        readRevocationList(bytes);
      } catch (error) {
        if (!(error instanceof DerError)) throw error;
      }
    }),
  );
  return Promise.resolve();
});
