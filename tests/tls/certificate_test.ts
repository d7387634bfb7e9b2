import { assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import {
  type CertificateProblem,
  checkAuthorities,
  checkCertificate,
  isTlsSupported,
} from "../../lib/tls/mod.ts";
import { anyText } from "../helpers/any_text.ts";
import { CertificateFolder, openssl } from "../helpers/tls/certificates.ts";
import { missingTools } from "../helpers/programs/tools.ts";

const ignore = missingTools("openssl").length > 0;
const DAY_MS = 86_400_000;

function only(problems: readonly CertificateProblem[]): CertificateProblem {
  assertEquals(problems.length, 1, JSON.stringify(problems));
  return problems[0] as CertificateProblem;
}

Deno.test({
  name: "checkCertificate: a certificate and its key have no problem",
  ignore,
  fn: async () => {
    using folder = new CertificateFolder();
    const ca = folder.make("ca", { isCa: true });
    const leaf = folder.make("leaf", { issuer: ca });
    assertEquals(await checkCertificate(leaf.cert, leaf.key), []);
    assertEquals(await checkCertificate(leaf.cert + ca.cert, leaf.key), []);
    assertEquals(await checkAuthorities(ca.cert), []);
  },
});

Deno.test({
  name: "checkCertificate: reports each unusable certificate or key",
  ignore,
  fn: async () => {
    using folder = new CertificateFolder();
    const one = folder.make("one");
    const other = folder.make("other");
    const encryptedFile = `${folder.path}/encrypted.key`;
    openssl(
      "pkcs8",
      "-topk8",
      "-in",
      one.keyFile,
      "-passout",
      "pass:secret",
      "-out",
      encryptedFile,
    );
    const encrypted = Deno.readTextFileSync(encryptedFile);
    const broken = one.cert.replace(/^([^\n]*\n)....../, "$1AAAAAA");
    const cases: [cert: string, key: string, message: string][] = [
      ["", one.key, "the file is empty; expected a PEM certificate"],
      ["nonsense", one.key, "the file is not PEM; expected a PEM certificate"],
      [one.key, one.key, 'the file holds "PRIVATE KEY"; expected a PEM certificate'],
      [broken, one.key, "certificate 1 cannot be read ("],
      [
        one.cert + other.cert.slice(0, 300),
        one.key,
        "certificate 2 is cut off; expected a PEM certificate",
      ],
      [
        one.cert.slice(0, 300),
        one.key,
        "certificate 1 is cut off; expected a PEM certificate",
      ],
      [one.cert, "", "the key's file is empty; expected a PEM private key"],
      [one.cert, "nonsense", "the key's file is not PEM; expected a PEM private key"],
      [one.cert, one.cert, 'the key\'s file holds "CERTIFICATE"; expected a PEM private key'],
      [
        one.cert,
        other.key,
        "the key does not match the certificate",
      ],
      [one.cert, encrypted, 'the key is encrypted: name the file of its passphrase in "key_passphrase_file"'],
      [
        one.cert,
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        "the key cannot be read (",
      ],
    ];
    for (const [cert, key, message] of cases) {
      const problem = only(await checkCertificate(cert, key));
      assertEquals([problem.severity, problem.isAboutTime], ["error", false], message);
      assertStringIncludes(problem.message, message);
    }
  },
});

const EXPECTED = "expected RSA of 2048 bits or more, ECDSA with P-256, P-384 or P-521, or Ed25519";

Deno.test({
  name: "checkCertificate: reports an unsupported kind of key, and the supported ones",
  ignore: ignore || !isTlsSupported(),
  fn: async () => {
    using folder = new CertificateFolder();
    const cases: [newKey: string, message: string | undefined][] = [
      ["rsa:1024", `the key is RSA of 1024 bits; ${EXPECTED}`],
      ["rsa:1536", `the key is RSA of 1536 bits; ${EXPECTED}`],
      ["rsa:2048", undefined],
      ["ec -pkeyopt ec_paramgen_curve:secp256k1", `the key is ECDSA with secp256k1; ${EXPECTED}`],
      ["ec -pkeyopt ec_paramgen_curve:P-384", undefined],
      ["ec -pkeyopt ec_paramgen_curve:P-521", undefined],
      ["ed25519", undefined],
      ["ed448", `the key is Ed448; ${EXPECTED}`],
    ];
    for (const [newKey, message] of cases) {
      const { cert, key } = folder.make("any", { newKey });
      // What is said of the first of a kind is said of the next.
      for (let round = 0; round < 2; round++) {
        const problems = await checkCertificate(cert, key);
        assertEquals(problems.map((problem) => problem.message), message === undefined ? [] : [message]);
        for (const problem of problems) {
          assertEquals([problem.severity, problem.about, problem.isAboutTime], ["error", "key", false]);
        }
      }
    }
  },
});

Deno.test({
  name: "checkCertificate: reports a certificate with an unreadable key (RSA-PSS)",
  ignore,
  fn: async () => {
    using folder = new CertificateFolder();
    const { cert, key } = folder.make("pss", { newKey: "rsa-pss" });
    const problem = only(await checkCertificate(cert, key));
    assertEquals([problem.severity, problem.about], ["error", "certificate"]);
    assertEquals(
      problem.message,
      `the certificate's key cannot be used (unsupported x509 public key type); ${EXPECTED}`,
    );
  },
});

Deno.test({
  name: "checkCertificate: certificate and key may be in one file, in any order",
  ignore,
  fn: async () => {
    using folder = new CertificateFolder();
    const ca = folder.make("ca", { isCa: true });
    const { cert, key } = folder.make("leaf", { issuer: ca });
    const other = folder.make("other");
    for (const pem of [cert + ca.cert + key, key + cert + ca.cert, cert + key + ca.cert]) {
      assertEquals(await checkCertificate(pem, pem), []);
    }
    assertStringIncludes(
      only(await checkCertificate(cert, cert + other.key)).message,
      "the key does not match the certificate",
    );
    assertStringIncludes(
      only(await checkCertificate(cert + key, cert)).message,
      'the key\'s file holds "CERTIFICATE"; expected a PEM private key',
    );
    const [half] = key.split("-----END");
    assertStringIncludes(only(await checkCertificate(cert, cert + half)).message, "the key is cut off");
  },
});

Deno.test({
  name: "checkCertificate: expiry within 14 days is a warning, expiry in the past an error",
  ignore,
  fn: async () => {
    using folder = new CertificateFolder();
    const { cert, key } = folder.make("leaf", { days: 30 });
    const nowMs = Date.now();
    assertEquals(await checkCertificate(cert, key, { nowMs: nowMs + 15 * DAY_MS }), []);
    const soon = only(await checkCertificate(cert, key, { nowMs: nowMs + 17 * DAY_MS }));
    assertEquals([soon.severity, soon.isAboutTime], ["warning", true]);
    assertStringIncludes(soon.message, 'the certificate "CN=leaf" expires on 20');
    const late = only(await checkCertificate(cert, key, { nowMs: nowMs + 31 * DAY_MS }));
    assertEquals([late.severity, late.isAboutTime], ["error", true]);
    assertStringIncludes(late.message, 'the certificate "CN=leaf" expired on 20');
    const early = only(await checkCertificate(cert, key, { nowMs: nowMs - DAY_MS }));
    assertEquals([early.severity, early.isAboutTime], ["error", true]);
    assertStringIncludes(early.message, 'the certificate "CN=leaf" is not valid before 20');
  },
});

Deno.test({
  name: "checkCertificate: reports an expired certificate of the chain",
  ignore,
  fn: async () => {
    using folder = new CertificateFolder();
    const ca = folder.make("ca", { isCa: true, days: -1 });
    const leaf = folder.make("leaf", { issuer: ca });
    const problem = only(await checkCertificate(leaf.cert + ca.cert, leaf.key));
    assertStringIncludes(problem.message, '"CN=ca" expired on');
  },
});

Deno.test({
  name: "checkAuthorities: no certificate is an error, a non-CA certificate a warning",
  ignore,
  fn: async () => {
    using folder = new CertificateFolder();
    const leaf = folder.make("leaf");
    assertStringIncludes(
      only(await checkAuthorities(leaf.key)).message,
      'the file holds "PRIVATE KEY"; expected a PEM CA certificate',
    );
    const noCa = only(await checkAuthorities(leaf.cert));
    assertEquals(noCa.severity, "warning");
    assertStringIncludes(noCa.message, 'the certificate "CN=leaf" is not a CA certificate');
  },
});

Deno.test("checkCertificate: any text gives problems, never an exception", async () => {
  await fc.assert(
    fc.asyncProperty(anyText({ maxLength: 200 }), anyText({ maxLength: 200 }), async (cert, key) => {
      const wrapped = `-----BEGIN CERTIFICATE-----\n${cert}\n-----END CERTIFICATE-----`;
      const keyText = `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----`;
      assertEquals((await checkCertificate(wrapped, keyText)).length, 2);
    }),
    { numRuns: 50 },
  );
});
