import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:tls";
import { assertEquals, assertMatch } from "@std/assert";
import { checkAuthorities, type TargetTlsOptions, TlsError } from "../../lib/tls/mod.ts";
import { connectTo } from "../helpers/clients.ts";
import { testTls } from "../helpers/tls/tls_app.ts";
import { hostOne, noSignal, type TlsLab } from "../helpers/tls/tls_lab.ts";

/** The runtime's own TLS, as server and as client, does not look whether a key belongs to a certificate of version 1. */
interface Shown {
  readonly cert: string;
  readonly key: string;
}

/** What is made of a target that shows this. */
async function visitTarget(
  lab: TlsLab,
  shown: Shown,
  options: TargetTlsOptions = {},
): Promise<TlsError | undefined> {
  const server = createServer({ ...shown }, (socket) => socket.on("error", () => {}));
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const raw = await connectTo((server.address() as AddressInfo).port);
  const tls = await lab.targetTls(options);
  try {
    (await tls.connect(raw, { serverName: "localhost", timeoutMs: 10_000, signal: noSignal() })).conn.close();
    return undefined;
  } catch (error) {
    if (!(error instanceof TlsError)) throw error;
    raw.close();
    return error;
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

/** A CA with the name of the lab's and a key of its own. */
function namesake({ folder }: TlsLab): ReturnType<TlsLab["folder"]["make"]> {
  return folder.make("namesake", { isCa: true, subject: "/CN=ca" });
}

testTls(
  "TargetTls: refuses a version 1 certificate, whoever signed it",
  async (lab) => {
    const { folder, ca, local } = lab;
    const genuine = folder.make("genuine", { issuer: ca, subject: "/CN=localhost", version: 1 });
    const forged = folder.make("forged", { issuer: namesake(lab), subject: "/CN=localhost", version: 1 });
    for (
      const shown of [genuine, forged, { cert: genuine.cert, key: local.key }, {
        cert: forged.cert,
        key: local.key,
      }]
    ) {
      const error = await visitTarget(lab, shown);
      assertEquals(error?.code, "CERTIFICATE_UNSUPPORTED");
      assertMatch(
        error?.message ?? "",
        /the certificate "CN=localhost" has X\.509 version 1, .* as version 3$/,
      );
    }
  },
);

testTls("TargetTls: a genuine chain beside a forged certificate does not help it", async (lab) => {
  const { folder } = lab;
  const fake = namesake(lab);
  const forged = folder.make("forged", { issuer: fake, altNames: "DNS:localhost" });
  const old = folder.make("old", { issuer: fake, version: 1 });
  const oldNamesake = folder.make("old-namesake", { subject: "/CN=ca", version: 1 });
  for (const beside of ["", old.cert, oldNamesake.cert, fake.cert, lab.ca.cert]) {
    const error = await visitTarget(lab, { cert: forged.cert + beside, key: forged.key });
    assertEquals(error?.code, "CERTIFICATE_UNKNOWN");
  }
});

testTls("TargetTls: an intermediate CA with any usual key leads to the trusted one", async (lab) => {
  for (const newKey of ["rsa:2048", "ec -pkeyopt ec_paramgen_curve:P-384", "ed25519"]) {
    const middle = lab.folder.make("middle", { isCa: true, issuer: lab.ca, newKey });
    const leaf = lab.folder.make("leaf", { issuer: middle, altNames: "DNS:localhost" });
    assertEquals(await visitTarget(lab, { cert: leaf.cert + middle.cert, key: leaf.key }), undefined);
    assertEquals((await visitTarget(lab, leaf))?.code, "CERTIFICATE_UNKNOWN");
  }
});

testTls("TargetTls: an old CA, of version 1, is trusted", async (lab) => {
  const old = lab.folder.make("old-ca", { version: 1 });
  const leaf = lab.folder.make("leaf", { issuer: old, altNames: "DNS:localhost" });
  assertEquals(await visitTarget(lab, leaf, { ca: old.cert }), undefined);
});

testTls(
  "TlsTerminator: refuses a version 1 client certificate with the reason, even that of the CA itself",
  async (lab) => {
    const { folder, ca, local } = lab;
    const old = folder.make("old-ca", { version: 1 });
    const genuine = folder.make("genuine", { issuer: ca, version: 1 });
    const terminator = await lab.terminator({ clientCa: ca.cert + old.cert });
    for (
      const shown of [genuine, { cert: genuine.cert, key: local.key }, old, {
        cert: old.cert,
        key: local.key,
      }]
    ) {
      const { arrival } = await hostOne(terminator, async (port) => {
        const client = connect({ port, ...shown, rejectUnauthorized: false });
        // It hears of the refusal one way or another.
        client.on("error", () => {});
        await new Promise<void>((resolve) => client.once("close", () => resolve()));
      });
      assertEquals(arrival instanceof TlsError ? arrival.code : arrival, "CERTIFICATE_UNSUPPORTED");
    }
  },
);

testTls(
  "checkAuthorities: reports a CA with unverifiable signatures, for targets only",
  async ({ folder }) => {
    const big = folder.make("big", { isCa: true, newKey: "ec -pkeyopt ec_paramgen_curve:P-521" });
    const pss = folder.make("pss", { isCa: true, newKey: "rsa-pss -pkeyopt rsa_keygen_bits:2048" });
    for (const { cert } of [big, pss]) {
      const [problem] = await checkAuthorities(cert, { vouchFor: "target" });
      assertEquals(problem?.severity, "warning");
      assertMatch(
        problem?.message ?? "",
        /^targets whose certificate was issued by "CN=(?:big|pss)" are refused: its key is /,
      );
      assertEquals(await checkAuthorities(cert), []);
    }
  },
);
