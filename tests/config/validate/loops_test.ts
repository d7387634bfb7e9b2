import { assertEquals } from "@std/assert";
import { formatPath, resolveConfig } from "../../../lib/config/mod.ts";
import { ConfigError } from "../../../lib/config/mod.ts";

type App = Record<string, unknown>;

/** The paths of what is refused. */
function refused(...apps: App[]): string[] {
  try {
    resolveConfig({ apps: apps.map((app, index) => ({ name: `app-${index}`, ...app })) }, { source: "test" });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ path }) => formatPath(path));
  }
}

const listens = (...listen: string[]): App => ({ listen });
const to = (...targets: unknown[]): App => ({ targets });
const SELF = ["apps[0].targets[0]"];

Deno.test("loops: a target that is the app's own listener is refused, however it is written", () => {
  const own: readonly [listen: string, target: string][] = [
    ["127.0.0.1:80", "127.0.0.1:80"],
    ["127.0.0.1:80-90", "127.0.0.1:85"],
    ["127.0.0.1:80", "127.0.0.1:*"],
    ["127.0.0.1:80", "0.0.0.0:80"],
    ["127.0.0.1:80", "localhost:80"],
    ["127.0.0.1:80", "LOCALHOST.:80"],
    ["127.0.0.1:80", "web.localhost:80"],
    ["0.0.0.0:80", "Web.LocalHost.:80"],
    ["127.0.0.1:80", "[::ffff:127.0.0.1]:80"],
    ["[::ffff:7f00:1]:80", "127.0.0.1:80"],
    ["localhost:80", "127.0.0.1:80"],
    ["0.0.0.0:80", "127.9.9.9:80"],
    ["[::]:80", "127.0.0.1:80"],
    ["[::]:80", "[::1]:80"],
    ["[::]:80", "[::]:80"],
    ["[::1]:80", "[::]:80"],
    ["10.0.0.1:80", "10.0.0.1:80"],
    ["my.host:80", "My.Host.:80"],
    ["unix:/run/x", "unix:/run//x"],
  ];
  for (const [listen, target] of own) {
    assertEquals(refused({ ...listens(listen), ...to(target) }), SELF, `${target} at ${listen}`);
  }
});

Deno.test("loops: what only looks like the app's own listener is let be", () => {
  const others: readonly [listen: string, target: string][] = [
    ["127.0.0.1:80", "127.0.0.1:81"],
    ["127.0.0.1:80", "127.0.0.2:80"],
    ["127.0.0.1:80", "127.0.0.2:*"],
    ["127.0.0.2:80", "0.0.0.0:80"],
    ["0.0.0.0:80", "[::1]:80"],
    ["[::1]:80", "127.0.0.1:80"],
    // Another machine's, for all that a config knows.
    ["[::]:80", "10.0.0.1:80"],
    ["0.0.0.0:80", "10.0.0.1:*"],
    ["[::]:80", "my.host:80"],
    ["[::]:80", "notlocalhost:80"],
    ["unix:/run/x", "unix:/run/y"],
  ];
  for (const [listen, target] of others) {
    assertEquals(refused({ ...listens(listen), ...to(target) }), [], `${target} at ${listen}`);
  }
});

Deno.test("loops: targets with options, names that are looked up, and backups are looked at too", () => {
  const app = {
    ...listens("127.0.0.1:80"),
    ...to(
      { address: "127.0.0.1:80", backup: true, weight: 0 },
      { address: "localhost:80", discover: "dns" },
      "h:1",
    ),
  };
  assertEquals(refused(app), ["apps[0].targets[0].address", "apps[0].targets[1].address"]);
});

Deno.test("loops: apps may lead to each other as long as none leads back", () => {
  assertEquals(
    refused(
      { ...listens("127.0.0.1:1"), ...to("127.0.0.1:2", "127.0.0.1:3") },
      { ...listens("127.0.0.1:2"), ...to("127.0.0.1:3") },
      { ...listens("127.0.0.1:3"), ...to("h:1") },
    ),
    [],
  );
  assertEquals(
    refused(
      { ...listens("127.0.0.1:1"), ...to("127.0.0.1:2") },
      { ...listens("127.0.0.1:2"), ...to("h:1", "127.0.0.1:3") },
      { ...listens("127.0.0.1:3"), ...to("127.0.0.1:2") },
    ),
    ["apps[2].targets[0]"],
  );
});

Deno.test("loops: the port that the client came to is followed to the app itself, and not from app to app", () => {
  // The first leads to the second on port 1, the second to the first on port 2, and neither leads back.
  const apart = [
    { ...listens("127.0.0.1:1", "127.0.0.9:2"), ...to("127.0.0.2:*") },
    { ...listens("127.0.0.2:1", "127.0.0.3:2"), ...to("127.0.0.9:*") },
  ];
  assertEquals(refused(...apart), []);
  // These do, on ports 3 to 5, which is found when the proxy runs.
  const together = [
    { ...listens("127.0.0.1:1-5"), ...to("127.0.0.2:*") },
    { ...listens("127.0.0.2:3-9"), ...to("127.0.0.1:*") },
  ];
  assertEquals(refused(...together), []);
  assertEquals(refused({ ...listens("127.0.0.1:1-5", "127.0.0.2:1"), ...to("127.0.0.2:*") }), SELF);
});

Deno.test("loops: a route by name leads back only where the name stays the same", () => {
  const route = { routes: [{ sni: ["a.example"], targets: ["127.0.0.1:2"] }], ...to("h:1") };
  const first = { ...listens("127.0.0.1:1"), ...route };
  const second = { ...listens("127.0.0.1:2"), ...to("127.0.0.1:1") };
  assertEquals(refused(first, second), ["apps[1].targets[0]"]);
  const tls = { certificates: [{ cert: "a.pem", key: "a.key" }] };
  const renames = { ...second, tls, ["target_tls"]: { server_name: "b.example" } };
  assertEquals(refused(first, renames), []);
  const always = { ...first, routes: [{ targets: ["127.0.0.1:2"] }], targets: undefined };
  assertEquals(refused(always, renames), ["apps[1].targets[0]"]);
});

Deno.test("loops: many ports and many targets take no time that anybody notices", () => {
  const targets = Array.from({ length: 3_000 }, (_, i) => `127.1.${i >> 8}.${i & 255}:*`);
  assertEquals(refused({ host: "127.0.0.1", ports: ["1-20000"], ...to(...targets) }), []);
  assertEquals(refused({ ports: ["1-20000"], ...to(...targets) }).length, 1_000, "as many as are listed");
  const chain = Array.from({ length: 9_000 }, (_, i) => ({
    ...listens(`127.0.0.1:${i + 1}`),
    ...to(`127.0.0.1:${i + 2}`),
  }));
  assertEquals(refused(...chain), []);
  assertEquals(refused(...chain, { ...listens("127.0.0.1:9001"), ...to("127.0.0.1:5") }), [
    "apps[9000].targets[0]",
  ]);
});
