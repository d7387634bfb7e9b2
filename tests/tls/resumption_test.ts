/**
 * The runtime takes up TLS sessions of clients again at any server of the thread, with the certificate that was shown
 * at the first handshake and without another look at it.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { TargetTls, TlsError, type TlsTerminator } from "../../lib/tls/mod.ts";
import { utf8 } from "../helpers/bytes.ts";
import type { TestCertificate } from "../helpers/tls/certificates.ts";
import { connectTo } from "../helpers/clients.ts";
import { echoOnce, runSClient, withSServer } from "../helpers/tls/tls.ts";
import { testTls } from "../helpers/tls/tls_app.ts";
import { type Arrival, hostOne, noSignal, type TlsLab } from "../helpers/tls/tls_lab.ts";

const VERSIONS = ["-tls1_2", "-tls1_3"] as const;

for (const version of VERSIONS) {
  testTls(`ClientTrust: a session resumes without the certificate (${version})`, async (lab) => {
    const terminator = await lab.terminator({ clientCa: lab.ca.cert });
    const client = new Client(lab, version);
    assertEquals(
      verdict(await client.visit(terminator, lab.folder.make("good", { issuer: lab.ca }))),
      "good",
    );
    assertEquals(verdict(await client.resume(terminator)), "good");
    assertMatch(client.lastOutput, /^Reused, TLSv1/m);
  });

  testTls(`ClientTrust: a session of another CA's client is refused (${version})`, async (lab) => {
    const otherCa = lab.folder.make("other-ca", { isCa: true });
    const other = await lab.terminator({ clientCa: otherCa.cert });
    const terminator = await lab.terminator({ clientCa: lab.ca.cert });
    const client = new Client(lab, version);
    assertEquals(
      verdict(await client.visit(other, lab.folder.make("stranger", { issuer: otherCa }))),
      "stranger",
    );
    const arrival = await client.resume(terminator);
    assertEquals(verdict(arrival), "CERTIFICATE_UNKNOWN");
    assertMatch(
      (arrival as TlsError).message,
      /^TLS with the client: the certificate "CN=stranger" of a resumed session was issued by "CN=other-ca"; expected a known CA/,
    );
  });

  testTls(`ClientTrust: a CA removed by a reload admits no session (${version})`, async (lab) => {
    const nextCa = lab.folder.make("next-ca", { isCa: true });
    const terminator = await lab.terminator({ clientCa: lab.ca.cert });
    const client = new Client(lab, version);
    assertEquals(
      verdict(await client.visit(terminator, lab.folder.make("gone", { issuer: lab.ca }))),
      "gone",
    );
    await terminator.reload(options(lab, nextCa.cert));
    assertEquals(verdict(await client.resume(terminator)), "CERTIFICATE_UNKNOWN");
  });

  testTls(
    `ClientTrust: a session does not outlive the revocation of its certificate (${version})`,
    async (lab) => {
      const { folder, ca } = lab;
      const holder = folder.make("holder", { issuer: ca });
      const clientCrl = folder.revoke("before", ca, []).pem;
      const terminator = await lab.terminator({ clientCa: ca.cert, clientCrl });
      const client = new Client(lab, version);
      assertEquals(verdict(await client.visit(terminator, holder)), "holder");
      assertEquals(verdict(await client.resume(terminator)), "holder");
      assertMatch(client.lastOutput, /^Reused, TLSv1/m);
      await terminator.reload({
        ...options(lab, ca.cert),
        clientCrl: folder.revoke("after", ca, [holder]).pem,
      });
      assertEquals(verdict(await client.resume(terminator)), "CERTIFICATE_REVOKED");
    },
  );

  testTls(`ClientTrust: a CA added by a reload keeps no session out (${version})`, async (lab) => {
    const nextCa = lab.folder.make("next-ca", { isCa: true });
    const middle = lab.folder.make("middle", { isCa: true, issuer: lab.ca });
    const good = lab.folder.make("good", { issuer: middle });
    const terminator = await lab.terminator({ clientCa: lab.ca.cert });
    const client = new Client(lab, version);
    assertEquals(verdict(await client.visit(terminator, good, ["-cert_chain", middle.certFile])), "good");
    await terminator.reload(options(lab, nextCa.cert + lab.ca.cert));
    assertEquals(verdict(await client.resume(terminator)), "good");
    await terminator.reload(options(lab, nextCa.cert));
    assertEquals(verdict(await client.resume(terminator)), "CERTIFICATE_UNKNOWN");
  });

  testTls(`ClientTrust: a refused client gets no session (${version})`, async (lab) => {
    const terminator = await lab.terminator({ clientCa: lab.ca.cert });
    const client = new Client(lab, version);
    assertEquals(verdict(await client.visit(terminator, lab.folder.make("self"))), "CERTIFICATE_SELF_SIGNED");
    assertEquals(client.hasSession(), false);
  });
}

function options(lab: TlsLab, clientCa: string): Parameters<TlsTerminator["reload"]>[0] {
  return {
    certificates: [{ ...lab.local, origin: "local.pem" }],
    clientCa,
    handshakeTimeoutMs: 10_000,
  };
}

/** The name of the client that was let in, or why it was not. */
function verdict(arrival: Arrival): string | undefined {
  return arrival instanceof TlsError ? arrival.code : arrival.clientSubject?.replace("CN=", "");
}

/** An `openssl s_client` that keeps the session of its last visit. */
class Client {
  readonly #version: string;
  readonly #session: string;
  lastOutput = "";

  constructor(lab: TlsLab, version: string) {
    this.#version = version;
    this.#session = `${lab.folder.path}/session.pem`;
  }

  async visit(
    terminator: TlsTerminator,
    { certFile, keyFile }: TestCertificate,
    args: readonly string[] = [],
  ): Promise<Arrival> {
    return await this.#run(terminator, [
      "-cert",
      certFile,
      "-key",
      keyFile,
      ...args,
      "-sess_out",
      this.#session,
    ]);
  }

  /** Shows the session alone. */
  async resume(terminator: TlsTerminator): Promise<Arrival> {
    return await this.#run(terminator, ["-sess_in", this.#session]);
  }

  hasSession(): boolean {
    return [...Deno.readDirSync(this.#session.replace(/\/[^/]*$/, ""))].some(({ name }) =>
      name === "session.pem"
    );
  }

  async #run(terminator: TlsTerminator, args: readonly string[]): Promise<Arrival> {
    const { arrival, visit } = await hostOne(
      terminator,
      (port) => runSClient(port, { args: [this.#version, "-ign_eof", ...args], input: "hello\n" }),
      echoOnce,
    );
    this.lastOutput = visit.stdout;
    return arrival;
  }
}

for (const version of VERSIONS) {
  testTls(`TargetTls: an unverified connection does not admit a later one (${version})`, async (lab) => {
    const { certFile, keyFile } = lab.folder.make("self", { altNames: "DNS:localhost" });
    await withSServer(["-cert", certFile, "-key", keyFile, version], async (port) => {
      const [lax, strict] = await Promise.all([TargetTls.load({ verify: false }), TargetTls.load({})]);
      assertEquals(await greet(lax, port), "olleh\n");
      assertEquals(await greet(lax, port), "olleh\n");
      assertEquals(await greet(strict, port), "CERTIFICATE_SELF_SIGNED");
      assertEquals(await greet(strict, port), "CERTIFICATE_SELF_SIGNED");
    });
  });
}

/** What a target answers, or why it is not trusted. */
async function greet(tls: TargetTls, port: number): Promise<string> {
  const raw = await connectTo(port);
  try {
    const options = { serverName: "localhost", timeoutMs: 10_000, signal: noSignal() };
    const { conn } = await tls.connect(raw, options);
    try {
      await conn.write(utf8("hello\n"));
      const buffer = new Uint8Array(64);
      return new TextDecoder().decode(buffer.subarray(0, await conn.read(buffer) ?? 0));
    } finally {
      conn.close();
    }
  } catch (error) {
    raw.close();
    if (!(error instanceof TlsError)) throw error;
    return error.code;
  }
}
