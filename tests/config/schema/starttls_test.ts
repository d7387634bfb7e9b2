import { assertEquals } from "@std/assert";
import { type AppConfig, effectiveConfig, resolveConfig } from "../../../lib/config/mod.ts";
import { ConfigError } from "../../../lib/config/mod.ts";

const TLS = { tls: { certificates: [{ cert: "/a.pem", key: "/a.key" }] } };

function appOf(app: Record<string, unknown>, defaults: Record<string, unknown> = {}): AppConfig | undefined {
  const root = { defaults, apps: [{ name: "db", ports: [5432], targets: ["h:1"], ...app }] };
  const config = resolveConfig(root, { source: "test" });
  assertEquals(resolveConfig(effectiveConfig(config), { source: "test" }), config);
  return config.apps[0];
}

function problemsOf(app: Record<string, unknown>): string[] {
  try {
    appOf(app);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ message }) => message);
    throw error;
  }
  return [];
}

Deno.test("starttls: a word is the mapping with every default", () => {
  const expected = { protocol: "postgres", plain: "refuse", hostName: "localhost" } as const;
  assertEquals(appOf({ ...TLS, starttls: "postgres" })?.starttls, expected);
  assertEquals(appOf({ ...TLS, starttls: { protocol: "postgres" } })?.starttls, expected);
  assertEquals(
    appOf({ ...TLS, starttls: { protocol: "postgres", plain: "allow" } })?.starttls?.plain,
    "allow",
  );
  assertEquals(appOf({ ...TLS, starttls: "off" }, { starttls: "postgres" })?.starttls, undefined);
  assertEquals(appOf({ ...TLS, starttls: false }, { starttls: "postgres" })?.starttls, undefined);
});

Deno.test("starttls: an app without TLS has none of it, whatever defaults say", () => {
  assertEquals(appOf({}, { starttls: "postgres" })?.starttls, undefined);
  assertEquals(problemsOf({ starttls: "postgres" }), [
    'the app has no TLS to begin: add "tls" (end it here), "target_tls" (begin it with targets) or "routes" ' +
    "(pass it on by server name)",
  ]);
});

Deno.test("starttls: PostgreSQL's protocol is offered (ALPN) where none is given", () => {
  assertEquals(appOf({ ...TLS, starttls: "postgres" })?.tls?.alpn, ["postgresql"]);
  assertEquals(appOf({ tls: { ...TLS.tls, alpn: ["x"] }, starttls: "postgres" })?.tls?.alpn, ["x"]);
  const routes = [{ alpn: ["postgresql"], targets: ["h:2"] }];
  assertEquals(problemsOf({ ...TLS, starttls: "postgres", routes }), []);
  assertEquals(problemsOf({ ...TLS, routes }).length, 1);
});

Deno.test("starttls: only clients of PostgreSQL may go on without TLS", () => {
  for (const protocol of ["smtp", "imap"]) {
    assertEquals(problemsOf({ ...TLS, starttls: { protocol } }), []);
    assertEquals(problemsOf({ ...TLS, starttls: { protocol, plain: "allow" } }), [
      `clients of ${protocol} are greeted by the proxy itself and cannot go on without TLS: leave "plain" out, or ` +
      "give clients without TLS another port",
    ]);
  }
});

Deno.test("starttls mysql: what its greeting makes impossible is refused with the reason", () => {
  assertEquals(problemsOf({ ...TLS, starttls: { protocol: "mysql", plain: "allow" } }), []);
  assertEquals(problemsOf({ starttls: "mysql", routes: [{ sni: ["a.example.com"], targets: ["h:2"] }] }), [
    'a MySQL server speaks before its client names a server, so "routes" cannot choose one: use "targets", in an ' +
    "app for each server",
  ]);
  const check = { ["health_check"]: { tls: true } };
  const refusal =
    'TLS begins in a login, and servers block hosts that leave it unfinished: leave "tls" out and use ' +
    '"type: mysql"';
  assertEquals(problemsOf({ ...TLS, ...check, starttls: "mysql" }), [refusal]);
  assertEquals(problemsOf({ ...TLS, ["health_check"]: { tls: true, port: 8008 }, starttls: "mysql" }), []);
});

Deno.test("starttls: another word is refused with those that there are", () => {
  assertEquals(problemsOf({ ...TLS, starttls: "ldap" }).length, 1);
  assertEquals(problemsOf({ ...TLS, starttls: { protocol: "postgres", plain: "maybe" } }).length, 1);
});
