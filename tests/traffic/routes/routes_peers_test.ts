import { assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { isTlsSupported } from "../../../lib/tls/mod.ts";
import { utf8 } from "../../helpers/bytes.ts";
import { exchange, writeAll } from "../../helpers/clients.ts";
import { type TestProxy, withProxy } from "../../helpers/proxy/proxy.ts";
import { runSClient } from "../../helpers/tls/tls.ts";
import { connectTls } from "../../helpers/tls/tls_client.ts";
import { TlsLab } from "../../helpers/tls/tls_lab.ts";
import { tlsTarget } from "../../helpers/tls/tls_target.ts";
import { missingTools } from "../../helpers/programs/tools.ts";

/** Runs a proxy with two routes, each to a target with a certificate of its own; `use` is given the lab. */
async function withTwoSites(
  use: (proxy: TestProxy, lab: TlsLab) => Promise<void>,
): Promise<void> {
  using lab = new TlsLab();
  const answer = utf8("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
  const site = async (name: string) => {
    const certificate = lab.folder.make(name, { altNames: `DNS:${name}`, issuer: lab.ca });
    const terminator = await lab.terminator({ certificates: [{ ...certificate, origin: name }] });
    return tlsTarget(terminator, {
      serve: async (conn) => {
        await conn.read(new Uint8Array(4096));
        await writeAll(conn, answer);
        await conn.closeWrite();
      },
    }).target;
  };
  await using a = await site("www.a.test");
  await using b = await site("b.test");
  const routes = [
    { sni: ["*.a.test"], targets: [a.address] },
    { sni: ["b.test"], targets: [b.address] },
  ];
  await withProxy({ routes }, (proxy) => use(proxy, lab));
}

/** A test with real clients. */
function live(name: string, tools: readonly string[], fn: () => Promise<void>): void {
  const missing = [
    ...missingTools(...tools),
    ...(isTlsSupported() ? [] : ["a runtime with TLS on any stream"]),
  ];
  const reason = missing.length === 0 ? "" : ` (ignored: ${missing.join(", ")} not found)`;
  Deno.test({ name: `${name}${reason}`, ignore: missing.length > 0, fn });
}

const MANY_PROTOCOLS = Array.from({ length: 300 }, (_, index) => `protocol-${index}`).join(",");

live(
  "routes: openssl s_client comes through to the site of its name, in any version and size",
  ["openssl"],
  async () => {
    await withTwoSites(async (proxy, lab) => {
      const verifying = ["-CAfile", lab.ca.certFile, "-verify_return_error"];
      const variants = [["-tls1_2"], ["-tls1_3"], ["-alpn", MANY_PROTOCOLS], ["-max_send_frag", "512"]];
      for (const [index, variant] of variants.entries()) {
        const name = index % 2 === 0 ? "www.a.test" : "b.test";
        const args = ["-servername", name, "-verify_hostname", name, ...verifying, ...variant];
        const { stdout } = await runSClient(proxy.port, { args, input: "hello\n" });
        assertMatch(stdout, new RegExp(`subject=CN = ${name.replaceAll(".", "\\.")}\\n`));
        assertMatch(stdout, /Verify return code: 0 \(ok\)/);
        const session = await proxy.outcome();
        assertEquals([session.sni, session.tries], [name, 1]);
      }
    });
  },
);

live(
  "routes: openssl s_client gets an alert when no route takes its name, or none",
  ["openssl"],
  async () => {
    await withTwoSites(async (proxy) => {
      for (const args of [["-noservername"], ["-servername", "c.test"]]) {
        const { code, stderr } = await runSClient(proxy.port, { args });
        assertStrictEquals(code, 1);
        assertMatch(stderr, /SSL alert number 112/);
        assertStrictEquals((await proxy.outcome()).reason, "no_route");
      }
    });
  },
);

live(
  "routes: openssl s_client gets an alert when no route takes its protocol",
  ["openssl"],
  async () => {
    await withProxy({ routes: [{ alpn: ["h2"], targets: ["127.0.0.1:1"] }] }, async (proxy) => {
      const { stderr } = await runSClient(proxy.port, { args: ["-alpn", "imap"] });
      assertMatch(stderr, /alert no application protocol/);
      assertStrictEquals((await proxy.outcome()).reason, "no_route");
    });
  },
);

live("routes: curl comes through to the site of its name", ["curl", "openssl"], async () => {
  await withTwoSites(async (proxy, lab) => {
    for (const name of ["www.a.test", "b.test"]) {
      const { stdout } = await new Deno.Command("curl", {
        args: [
          ...["--silent", "--noproxy", "*", "--cacert", lab.ca.certFile, "--http1.1"],
          ...["--resolve", `${name}:${proxy.port}:127.0.0.1`, `https://${name}:${proxy.port}/`],
        ],
        stdin: "null",
      }).output();
      assertStrictEquals(new TextDecoder().decode(stdout), "ok");
      assertStrictEquals((await proxy.outcome()).sni, name);
    }
  });
});

live("routes: a client of the runtime's own comes through to the site of its name", ["openssl"], async () => {
  await withTwoSites(async (proxy, lab) => {
    const { conn } = await connectTls(proxy.port, { ca: lab.ca.cert, name: "b.test" });
    using client = conn;
    assertMatch(new TextDecoder().decode(await exchange(client, utf8("GET /\r\n"))), /ok$/);
    assertStrictEquals((await proxy.outcome()).sni, "b.test");
  });
});
