import { assertEquals, assertMatch } from "@std/assert";
import { formatPath, resolveConfig } from "../../../lib/config/mod.ts";
import { FileTexts } from "../../../lib/app/tls/file_texts.ts";
import { checkFiles } from "../../../lib/proxy/mod.ts";
import { isTlsSupported } from "../../../lib/tls/mod.ts";
import { CertificateFolder } from "../../helpers/tls/certificates.ts";
import { missingTools } from "../../helpers/programs/tools.ts";

const ignore = missingTools("openssl").length > 0;

/** What is found, each as `severity path: message`, with a mark where the proxy cannot run. */
async function found(app: Record<string, unknown>): Promise<string[]> {
  const config = resolveConfig({ apps: [{ name: "a", ports: [7001], targets: ["h:1"], ...app }] }, {
    source: "test",
  });
  return (await checkFiles(config))
    .filter(({ message }) => isTlsSupported() || !message.startsWith("this runtime is"))
    .map(({ path, message, severity, isFatal }) => {
      return `${severity}${isFatal ? "!" : ""} ${formatPath(path)}: ${message}`;
    });
}

Deno.test("checkFiles: a config that names no file and compiles has no problem", async () => {
  assertEquals(await found({ routes: [{ sni: ["*.example.com"], alpn: ["h2"], targets: ["h:1"] }] }), []);
  assertEquals(await found({ ["health_check"]: { send: "PING\\r\\n", expect: "/^\\+PONG/" } }), []);
  assertEquals(await found({ ["health_check"]: { http: { path: "/ready", status: "200-399" } } }), []);
});

Deno.test("checkFiles: an expression that checks cannot run is said at its value", async () => {
  const [problem, ...others] = await found({ ["health_check"]: { expect: "/a(?i:b)/" } });
  assertMatch(problem ?? "", /^error! apps\[0\]\.health_check\.expect: the regular expression/);
  assertEquals(others, []);
  const target = {
    address: "h:1",
    ["health_check"]: { steps: [{ expect: "a" }, { ["expect_not"]: "/a(?i:b)/" }] },
  };
  assertMatch(
    (await found({ targets: ["h:2", target] }))[0] ?? "",
    /^error! apps\[0\]\.targets\[1\]\.health_check\.steps\[1\]\.expect_not: the regular expression/,
  );
});

Deno.test({
  name: "checkFiles: certificates and keys that fit have no problem",
  ignore,
  fn: async () => {
    using folder = new CertificateFolder();
    const ca = folder.make("ca", { isCa: true });
    const own = folder.make("own", { issuer: ca, altNames: "DNS:a.example" });
    const { certFile: cert, keyFile: key } = own;
    const tls = { certificates: [{ cert, key }], ["client_ca"]: ca.certFile };
    assertEquals(await found({ tls, ["target_tls"]: { ca: ca.certFile, cert, key } }), []);
  },
});

Deno.test({
  name: "checkFiles: each file that cannot be read or used is said at its own value",
  ignore,
  fn: async () => {
    using folder = new CertificateFolder();
    const [one, two] = [folder.make("one"), folder.make("two")];
    const tls = {
      certificates: [
        { cert: one.certFile, key: two.keyFile },
        { cert: `${folder.path}/none.pem`, key: one.keyFile },
        { cert: two.certFile, key: folder.path },
        { cert: folder.write("a.txt", "hello"), key: folder.write("empty", "") },
      ],
      ["client_ca"]: two.keyFile,
    };
    const at = "apps[0].tls.certificates";
    const problems = await found({ tls, ["target_tls"]: { ca: `${folder.path}/none.pem` } });
    assertEquals(problems, [
      `error! ${at}[0].key: the key does not match the certificate`,
      `error! ${at}[1].cert: the file "${folder.path}/none.pem" does not exist; expected a file in PEM`,
      `error! ${at}[2].key: the file "${folder.path}" is a directory; expected a file in PEM`,
      `error! ${at}[3].cert: the file is not PEM; expected a PEM certificate`,
      `error! ${at}[3].key: the key's file is empty; expected a PEM private key`,
      `error! apps[0].tls.client_ca: the file holds "PRIVATE KEY"; expected a PEM CA certificate`,
      `error! apps[0].target_tls.ca: the file "${folder.path}/none.pem" does not exist; expected a file in PEM`,
    ]);
  },
});

Deno.test({
  name: "checkFiles: a key that no handshake can use is said at its own value, whichever side it is for",
  ignore: ignore || !isTlsSupported(),
  fn: async () => {
    using folder = new CertificateFolder();
    const [pss, short] = [
      folder.make("pss", { newKey: "rsa-pss" }),
      folder.make("short", { newKey: "rsa:1024" }),
    ];
    const [one, two] = [pss, short].map(({ certFile: cert, keyFile: key }) => ({ cert, key }));
    const problems = await found({ tls: { certificates: [one] }, ["target_tls"]: two });
    const expected = "expected RSA of 2048 bits or more, ECDSA with P-256, P-384 or P-521, or Ed25519";
    assertEquals(problems, [
      `error! apps[0].tls.certificates[0].cert: the certificate's key cannot be used (unsupported x509 public key type); ${expected}`,
      `error! apps[0].target_tls.key: the key is RSA of 1024 bits; ${expected}`,
    ]);
  },
});

Deno.test({
  name: "checkFiles: what was read already is judged as it was then, and each problem says whose file it is",
  ignore,
  fn: async () => {
    using folder = new CertificateFolder();
    const { certFile: cert, keyFile: key } = folder.make("own");
    const config = resolveConfig({
      apps: [{ name: "a", ports: [7001], targets: ["h:1"], tls: { certificates: [{ cert, key }] } }],
    }, { source: "test" });
    const files = new FileTexts();
    const check = async (): Promise<(string | undefined)[][]> =>
      (await checkFiles(config, { files })).filter(({ file }) => file !== undefined)
        .map(({ app, file }) => [app, file]);
    assertEquals(await check(), []);
    folder.write("own.pem", "half");
    assertEquals(await check(), []);
    const again = await checkFiles(config);
    assertEquals(again.filter(({ file }) => file !== undefined).map(({ app, file }) => [app, file]), [[
      "a",
      cert,
    ]]);
  },
});

Deno.test({
  name: "checkFiles: an expired certificate is an error that can be run with, one that is about to a warning",
  ignore,
  fn: async () => {
    using folder = new CertificateFolder();
    const [old, soon] = [folder.make("old", { days: -1 }), folder.make("soon", { days: 5 })];
    const certificates = [old, soon].map(({ certFile: cert, keyFile: key }) => ({ cert, key }));
    const [first = "", second = "", ...others] = await found({ tls: { certificates } });
    assertMatch(first, /^error apps\[0\]\.tls\.certificates\[0\]\.cert: the certificate "CN=old" expired on/);
    assertMatch(
      second,
      /^warning apps\[0\]\.tls\.certificates\[1\]\.cert: the certificate "CN=soon" expires/,
    );
    assertEquals(others, []);
  },
});

Deno.test({
  name: "checkFiles: a runtime that cannot do TLS is said where TLS is wanted",
  ignore: isTlsSupported(),
  fn: async () => {
    const config = resolveConfig({
      apps: [{ name: "a", ports: [1], targets: ["h:1"], ["target_tls"]: {} }],
    }, { source: "test" });
    const [problem] = await checkFiles(config);
    assertMatch(problem?.message ?? "", /^this runtime is Deno .*, which cannot do TLS/);
  },
});

Deno.test({
  name: "checkFiles: a certificate whose names are all those of others before it is a warning",
  ignore,
  fn: async () => {
    using folder = new CertificateFolder();
    const make = (name: string, altNames?: string): { cert: string; key: string } => {
      const { certFile: cert, keyFile: key } = folder.make(name, altNames === undefined ? {} : { altNames });
      return { cert, key };
    };
    const certificates = [
      make("one", "DNS:a.example,DNS:*.w.example"),
      make("other", "DNS:A.example,DNS:b.example"),
      make("both", "DNS:a.example,DNS:b.example"),
      make("wild", "DNS:*.w.example"),
      make("under", "DNS:x.w.example"),
      make("a.example"),
    ];
    const at = "apps[0].tls.certificates";
    assertEquals(await found({ tls: { certificates } }), [
      `warning ${at}[2].cert: the certificate is never shown, as a.example and b.example are names of those before it; ` +
      `give each a name of its own`,
      `warning ${at}[3].cert: the certificate is never shown, as *.w.example is a name of those before it; ` +
      `give each a name of its own`,
      `warning ${at}[5].cert: the certificate is never shown, as a.example is a name of those before it; ` +
      `give each a name of its own`,
    ]);
    assertEquals(await found({ tls: { certificates: certificates.slice(0, 2) } }), []);
  },
});

Deno.test({
  name: "checkFiles: the passphrase of a key must be there, right, and closed to others",
  ignore,
  fn: async () => {
    using folder = new CertificateFolder();
    const own = folder.make("own", { altNames: "DNS:a.example" });
    const { keyFile: key } = folder.lock(own, "s3cret");
    const file = (name: string, text: string, mode: number): string => {
      const path = folder.write(name, text);
      Deno.chmodSync(path, mode);
      return path;
    };
    const check = (passphrase: string): Promise<string[]> => {
      const pair = { cert: own.certFile, key, ["key_passphrase_file"]: passphrase };
      return found({ tls: { certificates: [pair] }, ["target_tls"]: pair });
    };
    assertEquals(await check(file("good", "s3cret\n", 0o640)), []);
    const cases: [passphrase: string, message: RegExp][] = [
      [
        file("open", "s3cret\n", 0o644),
        /key_passphrase_file: every user may read the passphrase in ".*": take that away/,
      ],
      [file("empty", "\n", 0o600), /key_passphrase_file: the file ".*" begins with an empty line/],
      [
        `${folder.path}/none`,
        /key_passphrase_file: the file ".*" does not exist; expected a file with a passphrase/,
      ],
      [file("wrong", "wr0ng", 0o600), /key: the passphrase does not open the key/],
    ];
    for (const [passphrase, message] of cases) {
      const problems = await check(passphrase);
      assertEquals(problems.length, 2);
      for (const problem of problems) {
        assertMatch(problem, message);
        assertEquals(/s3cret|wr0ng/.test(problem), false);
      }
    }
  },
});

Deno.test({
  name: "checkFiles: revocation lists that cannot be used are said at their value",
  ignore,
  fn: async () => {
    using folder = new CertificateFolder();
    const [ca, other] = [folder.make("ca", { isCa: true }), folder.make("other", { isCa: true })];
    const own = folder.make("own", { issuer: ca, altNames: "DNS:a.example" });
    const check = (crl: string): Promise<string[]> =>
      found({
        tls: {
          certificates: [{ cert: own.certFile, key: own.keyFile }],
          ["client_ca"]: ca.certFile,
          ["client_crl"]: crl,
        },
        ["target_tls"]: { ca: ca.certFile, crl },
      });
    assertEquals(await check(folder.revoke("list", ca, []).file), []);
    const [first, second] = await check(folder.revoke("strangers", other, []).file);
    assertMatch(first ?? "", /^error! apps\[0\]\.tls\.client_crl: list 1 is not signed by any CA/);
    assertMatch(second ?? "", /^error! apps\[0\]\.target_tls\.crl: list 1 is not signed by any CA/);
    const [late] = await check(folder.revoke("late", ca, [], { until: "20210101000000Z" }).file);
    assertMatch(late ?? "", /^error apps\[0\]\.tls\.client_crl: list 1 expired on 2021-/);
  },
});

Deno.test({
  name: "checkFiles: a key or token that every user may read is a warning",
  ignore: ignore || Deno.build.os === "windows",
  fn: async () => {
    using folder = new CertificateFolder();
    const { certFile: cert, keyFile: key } = folder.make("own", { altNames: "DNS:a.example" });
    const token = folder.write("token", "x");
    const config = {
      tls: { certificates: [{ cert, key }] },
      targets: [{ address: "http://127.0.0.1:1/", discover: "http" }],
      discovery: { ["token_file"]: token },
    };
    for (const [mode, count] of [[0o644, 2], [0o642, 2], [0o640, 0], [0o600, 0]] as const) {
      for (const file of [key, token]) Deno.chmodSync(file, mode);
      const warnings = (await found(config)).filter((each) => each.includes("every user may"));
      assertEquals(warnings.length, count, warnings.join());
      for (const warning of warnings) {
        assertMatch(warning, /^warning apps\[0\]\.(?:tls\..*\.key|discovery\.token_file):/);
      }
    }
  },
});
