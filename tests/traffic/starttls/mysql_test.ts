import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type TestProxy, withProxy } from "../../helpers/proxy/proxy.ts";
import { startMariadb } from "../../helpers/servers/server_process.ts";
import { originating, terminating, testTls } from "../../helpers/tls/tls_app.ts";

const USERS = [
  "CREATE USER old@'%' IDENTIFIED VIA mysql_native_password USING PASSWORD('secret');",
  "INSTALL SONAME 'auth_ed25519';",
  "CREATE USER new@'%' IDENTIFIED VIA ed25519 USING PASSWORD('secret');",
];

const WITH_TLS = [
  ...USERS,
  "ALTER USER old@'%' REQUIRE SSL;",
  "ALTER USER new@'%' REQUIRE SSL;",
];

/** Runs a statement with the client of MariaDB; what it printed, on both outputs. */
async function mariadb({ port }: TestProxy, user: string, ...args: readonly string[]): Promise<string> {
  const where = ["--no-defaults", "-h", "127.0.0.1", "-P", String(port), "-u", user, "-psecret", "-N"];
  const { stdout, stderr } = await new Deno.Command("mariadb", {
    args: [...where, ...args, "-e", "select @@version_comment, 6 * 7; show status like 'Ssl_version'"],
    stdin: "null",
  }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

testTls(
  "starttls mysql: the client of MariaDB logs in with a password, TLS ended, begun, and both",
  async (lab) => {
    await using secure = await startMariadb(["--plugin-maturity=unknown"], {
      tls: lab.local,
      init: WITH_TLS,
    });
    await using plain = await startMariadb(["--plugin-maturity=unknown"], { init: USERS });
    const [a, b] = [secure, plain].map(({ port }) => `127.0.0.1:${port}`);
    const verified = ["--ssl", `--ssl-ca=${lab.ca.certFile}`, "--ssl-verify-server-cert"];
    const withTls = /\t42\nSsl_version\tTLSv1\.3\n$/;
    const withoutTls = /\t42\nSsl_version\t\n$/;

    await withProxy({ starttls: "mysql", targets: [b], ...terminating(lab) }, async (proxy) => {
      for (const user of ["old", "new"]) {
        assertMatch(await mariadb(proxy, user, ...verified), withoutTls);
        // The client closes without reading the end of TLS, which the kernel may answer with a reset.
        assertMatch((await proxy.outcome()).reason ?? "", /_closed$|^client_reset$/);
      }
      assertStringIncludes(await mariadb(proxy, "old", "-pwrong", ...verified), "ERROR 1045 (28000)");
      await proxy.outcome();
      assertStringIncludes(await mariadb(proxy, "old", "--skip-ssl"), "ERROR 3159 (HY000)");
      const { reason, detail } = await proxy.outcome();
      assertEquals([reason, detail], [
        "tls_error",
        "MySQL login: the client asked for no TLS, and the app requires it",
      ]);
    });
    await withProxy({
      starttls: { protocol: "mysql", plain: "allow" },
      targets: [b],
      ...terminating(lab),
    }, async (proxy) => {
      assertMatch(await mariadb(proxy, "old", "--skip-ssl"), withoutTls);
      assertMatch(await mariadb(proxy, "old", ...verified), withoutTls);
    });
    await withProxy({ starttls: "mysql", targets: [a], ...originating(lab) }, async (proxy) => {
      for (const user of ["old", "new"]) assertMatch(await mariadb(proxy, user, "--skip-ssl"), withTls);
      assertStringIncludes(await mariadb(proxy, "old", "-pwrong", "--skip-ssl"), "ERROR 1045 (28000)");
      assertStringIncludes(await mariadb(proxy, "old", ...verified), "SSL is required");
    });
    await withProxy({
      starttls: "mysql",
      targets: [a],
      ...terminating(lab),
      ...originating(lab),
    }, async (proxy) => {
      for (const user of ["old", "new"]) assertMatch(await mariadb(proxy, user, ...verified), withTls);
    });
    await withProxy({ starttls: "mysql", targets: [b], ...originating(lab) }, async (proxy) => {
      await mariadb(proxy, "old", "--skip-ssl");
      const { reason, failures } = await proxy.outcome();
      assertEquals([reason, failures.map(({ message }) => message)], [
        "no_target",
        ["before TLS: the target offers no TLS: give it a certificate (ssl_cert, ssl_key)"],
      ]);
    });
  },
  "mariadbd",
  "mariadb-install-db",
  "mariadb",
);
