import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { decryptKey, EncryptedKeyError } from "../../lib/tls/certificates/encrypted_key.ts";
import { checkCertificate, TlsError } from "../../lib/tls/mod.ts";
import { runSClient, withSServer } from "../helpers/tls/tls.ts";
import { connectTo } from "../helpers/clients.ts";
import { testTls } from "../helpers/tls/tls_app.ts";
import { hostOne, noSignal } from "../helpers/tls/tls_lab.ts";

testTls(
  "decryptKey: decrypts keys in openssl's current format, and no other",
  async ({ folder, local }) => {
    const rsa = folder.make("rsa", { newKey: "rsa:2048" });
    for (
      const [certificate, how] of [
        [local, ["pkcs8", "-topk8", "-v2", "aes-256-cbc"]],
        [local, ["pkcs8", "-topk8", "-scrypt"]],
        [local, ["ec", "-aes128"]],
        [rsa, ["rsa", "-aes256", "-traditional"]],
      ] as const
    ) {
      const { key } = folder.lock(certificate, "s3cret", how);
      assertMatch(await decryptKey(key, "s3cret"), /^-----BEGIN PRIVATE KEY-----/);
      assertEquals(await checkCertificate(certificate.cert, key, { passphrase: "s3cret" }), []);
      for (
        const [passphrase, message] of [
          ["wr0ng", /^the passphrase does not open the key: /],
          [undefined, /^the key is encrypted: name the file of its passphrase in "key_passphrase_file"$/],
        ] as const
      ) {
        const error = await assertRejects(() => decryptKey(key, passphrase), EncryptedKeyError);
        assertMatch(error.message, message);
        assertEquals(error.message.includes("wr0ng"), false);
        const [problem] = await checkCertificate(certificate.cert, key, { passphrase });
        assertEquals([problem?.about, problem?.message], ["key", error.message]);
      }
    }
    const old = folder.lock(local, "s3cret", ["pkcs8", "-topk8", "-v2", "des3"]);
    const error = await assertRejects(() => decryptKey(old.key, "s3cret"), EncryptedKeyError);
    assertMatch(
      error.message,
      /^the passphrase does not open the key: .*"openssl pkcs8 -topk8 -v2 aes-256-cbc" writes one/,
    );
  },
);

testTls("decryptKey: leaves an unencrypted key unchanged", async ({ local }) => {
  assertEquals(await decryptKey(local.key, "unneeded"), local.key);
  assertEquals(await decryptKey("nonsense", "unneeded"), "nonsense");
});

testTls("TlsTerminator: decrypts a key with its passphrase", async (lab) => {
  const { key } = lab.folder.lock(lab.local, "s3cret");
  const own = { cert: lab.local.cert, key, origin: "local.pem" };
  const terminator = await lab.terminator({ certificates: [{ ...own, passphrase: "s3cret" }] });
  const { visit } = await hostOne(terminator, (port) => runSClient(port));
  assertMatch(visit.stdout, /subject=CN = local\n/);
  const wrong = { certificates: [{ ...own, passphrase: "wr0ng" }] };
  const error = await assertRejects(() => lab.terminator(wrong), TlsError);
  assertMatch(error.message, /^TLS with the client: "local\.pem": the passphrase does not open the key: /);
});

testTls("TargetTls: decrypts a key with its passphrase", async (lab) => {
  const client = lab.folder.make("client", { issuer: lab.ca });
  const { key } = lab.folder.lock(client, "s3cret");
  const tls = await lab.targetTls({ cert: client.cert, key, passphrase: "s3cret" });
  const args = [
    "-cert",
    lab.local.certFile,
    "-key",
    lab.local.keyFile,
    "-Verify",
    "1",
    "-verify_return_error",
  ];
  await withSServer([...args, "-CAfile", lab.ca.certFile], async (port) => {
    const options = { serverName: "localhost", timeoutMs: 10_000, signal: noSignal() };
    const { conn } = await tls.connect(await connectTo(port), options);
    await conn.write(new TextEncoder().encode("hello\n"));
    const buffer = new Uint8Array(64);
    assertEquals(new TextDecoder().decode(buffer.subarray(0, await conn.read(buffer) ?? 0)), "olleh\n");
    conn.close();
  });
});
