import { assertEquals, assertMatch } from "@std/assert";
import { TlsError, type TlsTerminator } from "../../lib/tls/mod.ts";
import type { TestCertificate } from "../helpers/tls/certificates.ts";
import { runSClient, showing } from "../helpers/tls/tls.ts";
import { testTls } from "../helpers/tls/tls_app.ts";
import { hostOne, type TlsLab } from "../helpers/tls/tls_lab.ts";

/** What openssl makes of a refusal, and we. It stays until it gets a signal, so that it reads all of it. */
async function refusalOf(
  terminator: TlsTerminator,
  args: readonly string[],
): Promise<{ code: string; reported: string }> {
  const { arrival, visit } = await hostOne(
    terminator,
    (port) => runSClient(port, { args: ["-ign_eof", ...args] }),
  );
  return { code: arrival instanceof TlsError ? arrival.code : "none", reported: visit.stderr + visit.stdout };
}

/** Certificates that are refused, and the alert with which OpenSSL and HAProxy refuse them. */
function badCertificates({ folder, ca }: TlsLab): [TestCertificate, code: string, alert: RegExp][] {
  const stranger = folder.make("stranger", { issuer: folder.make("stranger-ca", { isCa: true }) });
  return [
    [stranger, "CERTIFICATE_UNKNOWN", /alert unknown ca/],
    [folder.make("alone"), "CERTIFICATE_SELF_SIGNED", /alert unknown ca/],
    [folder.make("expired", { issuer: ca, days: -1 }), "CERTIFICATE_EXPIRED", /alert certificate expired/],
    [
      folder.make("early", { issuer: ca, years: [2090, 2091] }),
      "CERTIFICATE_NOT_YET_VALID",
      /alert bad certificate/,
    ],
    [
      folder.make("old", { issuer: ca, version: 1 }),
      "CERTIFICATE_UNSUPPORTED",
      /alert unsupported certificate/,
    ],
  ];
}

for (const version of ["-tls1_2", "-tls1_3"]) {
  testTls(
    `TlsTerminator: a client without a certificate gets an alert that says so (${version})`,
    async (lab) => {
      const { code, reported } = await refusalOf(await lab.terminator({ clientCa: lab.ca.cert }), [version]);
      assertEquals(code, "CERTIFICATE_MISSING");
      assertMatch(reported, /alert certificate required/);
    },
  );

  testTls(
    `TlsTerminator: a client whose protocol is none of ours gets an alert that says so (${version})`,
    async (lab) => {
      const terminator = await lab.terminator({ alpn: ["h2"] });
      const { code, reported } = await refusalOf(terminator, [version, "-alpn", "imap"]);
      assertEquals(code, "NO_SHARED_PROTOCOL");
      assertMatch(reported, /alert no application protocol/);
    },
  );
}

testTls("TlsTerminator: in TLS 1.2 an alert gives the reason for refusing a certificate", async (lab) => {
  const terminator = await lab.terminator({ clientCa: lab.ca.cert });
  for (const [certificate, wanted, alert] of badCertificates(lab)) {
    const { code, reported } = await refusalOf(terminator, ["-tls1_2", ...showing(certificate)]);
    assertEquals(code, wanted);
    assertMatch(reported, alert);
  }
});

testTls(
  "TlsTerminator: in TLS 1.3 refusing a certificate closes the connection and gives no session",
  async (lab) => {
    const terminator = await lab.terminator({ clientCa: lab.ca.cert });
    for (const [certificate, wanted] of badCertificates(lab)) {
      const { code, reported } = await refusalOf(terminator, ["-tls1_3", ...showing(certificate)]);
      assertEquals(code, wanted);
      assertMatch(reported, /unexpected eof/);
      assertEquals(/New Session Ticket arrived/.test(reported), false);
    }
  },
);

testTls(
  "TlsTerminator: a client with no version, cipher or group in common gets an alert",
  async (lab) => {
    const terminator = await lab.terminator();
    const cases: [args: string[], alert: RegExp][] = [
      [["-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"], /alert protocol version/],
      [["-tls1_2", "-cipher", "AES128-SHA"], /alert handshake failure/],
      [["-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_SHA256"], /alert handshake failure/],
      [["-tls1_3", "-groups", "X448"], /alert handshake failure/],
    ];
    for (const [args, alert] of cases) {
      const { code, reported } = await refusalOf(terminator, args);
      assertEquals(code, "NO_SHARED_PROTOCOL");
      assertMatch(reported, alert);
    }
  },
);
