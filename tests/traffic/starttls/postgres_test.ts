import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { utf8 } from "../../helpers/bytes.ts";
import { POSTGRES_PASSWORD, PostgresLab, psql } from "../../helpers/servers/postgres.ts";
import { type TestProxy, withProxy } from "../../helpers/proxy/proxy.ts";
import { originating, terminating, testTls } from "../../helpers/tls/tls_app.ts";
import { connectTls } from "../../helpers/tls/tls_client.ts";
import type { TlsLab } from "../../helpers/tls/tls_lab.ts";

/** Servers of PostgreSQL: two that insist on TLS, one that has none. */
interface Servers {
  readonly secure: string;
  readonly second: string;
  readonly plain: string;
}

testTls("starttls postgres: psql and real servers, TLS passed on, ended, begun, and both", async (lab) => {
  await using postgres = await PostgresLab.create();
  const other = lab.folder.make("other", { altNames: "DNS:other.example.com", issuer: lab.ca });
  const [secure, second, plain] = await Promise.all([
    postgres.start({ name: "secure", certificate: lab.local }),
    postgres.start({ name: "second", certificate: other }),
    postgres.start({ name: "plain" }),
  ].map(async (port) => `127.0.0.1:${await port}`));
  const servers: Servers = { secure: secure ?? "", second: second ?? "", plain: plain ?? "" };
  await passedOn(lab, servers);
  await ended(lab, servers);
  await cancelled(lab, servers);
  await begun(lab, servers);
  await both(lab, servers);
}, ...PostgresLab.missing());

const OK = (text: string): { success: boolean; text: string } => ({ success: true, text });

async function passedOn(lab: TlsLab, { secure, second, plain }: Servers): Promise<void> {
  await withProxy({
    starttls: { protocol: "postgres", plain: "allow" },
    routes: [
      { sni: ["localhost"], targets: [secure] },
      { sni: ["*.example.com"], targets: [second] },
      { targets: [plain] },
    ],
  }, async ({ port }) => {
    const trusted = {
      port,
      sslmode: "verify-full",
      sslrootcert: lab.ca.certFile,
      ["channel_binding"]: "require",
    };
    assertEquals(await psql({ ...trusted, host: "localhost" }), OK("secure"));
    assertEquals(await psql({ ...trusted, host: "other.example.com" }), OK("second"));
    assertEquals(await psql({ port, sslmode: "disable" }), OK("plain"));
  });
  await withProxy({ starttls: "postgres", routes: [{ sni: ["*"], targets: [plain] }] }, async (proxy) => {
    const { port } = proxy;
    assertEquals((await psql({ port, host: "localhost", sslmode: "require" })).success, false);
    assertEquals((await proxy.outcome()).failures.map(({ message }) => message), [NO_TLS_THERE]);
    assertStringIncludes((await psql({ port, sslmode: "disable" })).text, "FATAL:  TLS is required");
    const { reason, detail } = await proxy.outcome();
    assertEquals([reason, detail], ["bad_client_hello", NO_TLS_ASKED]);
  });
}

const NO_TLS_THERE = "before TLS: the target declines TLS: turn on ssl in its postgresql.conf";
const NO_TLS_ASKED = "before TLS: the client asked for no TLS, and the app requires it";

async function ended(lab: TlsLab, { plain }: Servers): Promise<void> {
  await withProxy({ starttls: "postgres", targets: [plain], ...terminating(lab) }, async (proxy) => {
    const { port } = proxy;
    const trusted = { port, host: "localhost", sslmode: "verify-full", sslrootcert: lab.ca.certFile };
    assertEquals(await psql(trusted), OK("plain"));
    const session = await proxy.outcome();
    // psql says goodbye and closes, and the server closes at the goodbye: either may be seen first.
    assertMatch(session.reason ?? "", /^(?:client|target)_closed$/);
    assertEquals(session.sni, "localhost");
    assertEquals(await psql({ ...trusted, gssencmode: "prefer" }), OK("plain"));
    await proxy.outcome();
    assertStringIncludes((await psql({ port, sslmode: "disable" })).text, "FATAL:  TLS is required");
    const { reason, detail } = await proxy.outcome();
    assertEquals([reason, detail], ["tls_error", NO_TLS_ASKED]);
    await direct(lab, proxy);
  });
}

/** As clients of PostgreSQL 17 may: TLS from the first byte on, for which the protocol must be agreed on. */
async function direct(lab: TlsLab, { port }: TestProxy): Promise<void> {
  const { conn, alpn } = await connectTls(port, { ca: lab.ca.cert, alpn: ["postgresql"] });
  assertEquals(alpn, "postgresql");
  const startup = utf8("....\0\x03\0\0user\0postgres\0\0");
  new DataView(startup.buffer).setUint32(0, startup.length);
  await conn.write(startup);
  const answer = new Uint8Array(1);
  await conn.read(answer);
  assertEquals(answer, utf8("R"));
  conn.close();
}

/** The request to cancel comes on a connection of its own, and without TLS. */
async function cancelled(lab: TlsLab, { plain }: Servers): Promise<void> {
  await withProxy({ starttls: "postgres", targets: [plain], ...terminating(lab) }, async ({ port }) => {
    // Without a host, libpq asks for a server name that is the path of its socket, which TLS refuses.
    const settings =
      `host=localhost hostaddr=127.0.0.1 port=${port} user=postgres dbname=postgres sslmode=require`;
    const sleeper = new Deno.Command("psql", {
      args: ["-X", "-c", "select pg_sleep(60)", settings],
      env: { PGPASSWORD: POSTGRES_PASSWORD },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    let isOver = false;
    const output = sleeper.output().finally(() => isOver = true);
    const count = "select count(*) from pg_stat_activity where query = 'select pg_sleep(60)'";
    const direct = { port: plain.split(":")[1] ?? "", sslmode: "disable" };
    while (!isOver && (await psql(direct, count)).text !== "1");
    if (!isOver) sleeper.kill("SIGINT");
    const { stderr } = await output;
    assertStringIncludes(new TextDecoder().decode(stderr), "canceling statement due to user request");
  });
}

async function begun(lab: TlsLab, { secure, plain }: Servers): Promise<void> {
  await withProxy({
    starttls: "postgres",
    targets: [secure],
    health_check: { interval: "500ms", timeout: "500ms", tls: true },
    ...originating(lab),
  }, async (proxy) => {
    const { port } = proxy;
    // Their password is proved without the TLS that they do not have, although the server offers to bind it to that.
    assertEquals(await psql({ port, sslmode: "prefer" }), OK("secure"));
    assertEquals(await psql({ port, sslmode: "disable" }), OK("secure"));
    assertEquals(await psql({ port }, "select ssl from pg_stat_ssl where pid = pg_backend_pid()"), OK("t"));
    assertStringIncludes((await psql({ port, sslmode: "require" })).text, "server does not support SSL");
    assertEquals(proxy.log.targetChanges, []);
  });
  await withProxy({ starttls: "postgres", targets: [plain], ...originating(lab) }, async (proxy) => {
    assertEquals((await psql({ port: proxy.port })).success, false);
    const { reason, failures } = await proxy.outcome();
    assertEquals([reason, failures.map(({ message }) => message)], ["no_target", [NO_TLS_THERE]]);
  });
}

async function both(lab: TlsLab, { secure, second }: Servers): Promise<void> {
  const trusted = { host: "localhost", sslmode: "verify-full", sslrootcert: lab.ca.certFile };
  await withProxy({
    starttls: "postgres",
    targets: [secure],
    ...terminating(lab),
    ...originating(lab),
  }, async ({ port }) => {
    // A password may be bound to the server's certificate, as the proxy's is the same.
    assertEquals(await psql({ ...trusted, port, ["channel_binding"]: "require" }), OK("secure"));
  });
  await withProxy({
    starttls: "postgres",
    targets: [second],
    ...terminating(lab),
    ...originating(lab, { server_name: "other.example.com" }),
  }, async ({ port }) => {
    assertEquals(await psql({ ...trusted, port, ["channel_binding"]: "disable" }), OK("second"));
    assertStringIncludes((await psql({ ...trusted, port })).text, "channel binding check failed");
  });
}
