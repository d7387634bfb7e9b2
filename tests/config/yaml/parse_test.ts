import { assert, assertEquals } from "@std/assert";
import { embeddedConfig, parseConfig, resolveConfig } from "../../../lib/config/mod.ts";
import { join } from "node:path";
import { configErrorOf } from "../../helpers/config/config_error.ts";
import type { AppConfig, Config } from "../../../lib/config/mod.ts";
import { formatAddress, PLAIN_DIAL, PLAIN_LISTEN } from "../../../lib/base/mod.ts";

const FILE = { file: "/etc/tcpproxy/config.yaml" };

async function parseApp(lines: string, head = ""): Promise<AppConfig> {
  const config = await parseConfig(
    `${head}\napps:\n  - name: a\n    targets: ["h:1"]\n    ${lines.replaceAll("\n", "\n    ")}\n`,
    FILE,
  );
  const [app] = config.apps;
  if (app === undefined) throw new Error("the config has no app; expected one");
  return app;
}

function listens(app: AppConfig): string[] {
  return app.listen.map(formatAddress);
}

Deno.test("parseConfig: the original's format loads with every default", async () => {
  const text = `apps: [{ name: five, ports: [5001, 5200], targets: ["tcp-echo.fly.dev:5001"] }]`;
  const expected: Config = {
    workers: 1,
    log: {
      level: "info",
      format: "text",
      template: undefined,
      destination: undefined,
      access: true,
      accessIntervalMs: Infinity,
      tcpInfo: false,
    },
    admin: undefined,
    otel: undefined,
    watch: false,
    onReload: "keep",
    engine: "auto",
    sandbox: "auto",
    shutdown: { drainTimeoutMs: 30_000, delayMs: 0 },
    apps: [{
      name: "five",
      ports: [5001, 5200],
      listen: [{ kind: "tcp", host: "::", port: 5001 }, { kind: "tcp", host: "::", port: 5200 }],
      sockets: [],
      targets: [{
        address: { kind: "tcp", host: "tcp-echo.fly.dev", port: 5001 },
        label: "tcp-echo.fly.dev:5001",
        weight: 1,
        backup: false,
        maxConnections: Infinity,
        proxyProtocol: undefined,
        discover: undefined,
        healthCheck: undefined,
      }],
      routes: [],
      clientHelloTimeoutMs: 5_000,
      balance: "random",
      hashKey: { kind: "client" },
      connectTimeoutMs: 5_000,
      connectDeadlineMs: 15_000,
      idleTimeoutMs: 3_600_000,
      halfCloseTimeoutMs: 300_000,
      maxLifetimeMs: Infinity,
      retry: undefined,
      keepalive: true,
      listenSockets: PLAIN_LISTEN,
      dialSockets: PLAIN_DIAL,
      maxConnections: Infinity,
      acceptRate: undefined,
      maxConnectionsPerClient: Infinity,
      acceptRatePerClient: undefined,
      queueTimeoutMs: 5_000,
      bandwidth: { upload: undefined, download: undefined },
      allow: [],
      deny: [],
      proxyProtocol: {
        accept: "off",
        from: [],
        timeoutMs: 3_000,
        log: [],
        send: "off",
        tlvs: {
          authority: false,
          alpn: false,
          uniqueId: false,
          ssl: false,
          clientCertificate: false,
          crc32c: false,
          pass: [],
          add: [],
        },
      },
      tls: undefined,
      starttls: undefined,
      targetTls: undefined,
      healthCheck: undefined,
      passiveHealth: undefined,
      slowStartMs: 0,
      onTargetDown: "keep",
      dns: { nameserver: undefined, intervalMs: 30_000 },
      discovery: { within: [], intervalMs: 30_000, timeoutMs: 5000, ca: undefined, tokenFile: undefined },
      faults: [],
    }],
  };
  assertEquals(await parseConfig(text, FILE), expected);
});

Deno.test("parseConfig: ports are numbers, texts and ranges, bound on the app's host", async () => {
  const app = await parseApp(`host: 127.0.0.1\nports: [80, "81", "90-92"]`);
  assertEquals(app.ports, [80, 81, 90, 91, 92]);
  assertEquals(listens(app), [80, 81, 90, 91, 92].map((port) => `127.0.0.1:${port}`));
});

Deno.test("parseConfig: listen takes addresses, ranges and unix sockets, after the ports", async () => {
  const app = await parseApp(`ports: [80]\nlisten: ["127.0.0.1:7000-7001", "[::1]:90", "unix:/run/pg.sock"]`);
  assertEquals(listens(app), [
    "[::]:80",
    "127.0.0.1:7000",
    "127.0.0.1:7001",
    "[::1]:90",
    "unix:/run/pg.sock",
  ]);
  assertEquals(app.ports, [80]);
});

Deno.test("parseConfig: listen can stand without ports", async () => {
  const app = await parseApp(`listen: ["127.0.0.1:7000"]`);
  assertEquals(app.ports, []);
  assertEquals(listens(app), ["127.0.0.1:7000"]);
});

Deno.test("parseConfig: one address has one spelling", async () => {
  const app = await parseApp(`listen: ["[0:0:0:0:0:0:0:1]:80", "LOCALHOST:81"]`);
  assertEquals(listens(app), ["[::1]:80", "localhost:81"]);
});

Deno.test("parseConfig: targets are texts or mappings of every kind of address", async () => {
  const text = `apps:
  - name: a
    ports: [1]
    targets: [h:1, "[::1]:2", "unix:/run/x", "h:*", { address: "h:3" }]`;
  const config = await parseConfig(text, FILE);
  assertEquals(config.apps[0]?.targets.map(({ address, label }) => [address.kind, label]), [
    ["tcp", "h:1"],
    ["tcp", "[::1]:2"],
    ["unix", "unix:/run/x"],
    ["same_port", "h:*"],
    ["tcp", "h:3"],
  ]);
});

Deno.test("parseConfig: the same target may be given several times", async () => {
  const { apps } = await parseConfig(`apps: [{ name: a, ports: [1], targets: ["h:1", "h:1"] }]`, FILE);
  assertEquals(apps[0]?.targets.length, 2);
});

Deno.test("parseConfig: an app's own option wins over defaults, defaults over what is built in", async () => {
  const head =
    "defaults: { host: 127.0.0.1, idle_timeout: 1m, max_lifetime: 2h, bandwidth: { upload: 1KiB/s } }";
  const app = await parseApp(`ports: [80]\nidle_timeout: 2m\nbandwidth: { download: 2KiB/s }`, head);
  assertEquals(listens(app), ["127.0.0.1:80"]);
  assertEquals(app.idleTimeoutMs, 120_000);
  assertEquals(app.maxLifetimeMs, 7_200_000);
  assertEquals(app.connectTimeoutMs, 5_000);
  assertEquals(app.bandwidth, { upload: undefined, download: 2048 });
});

Deno.test("parseConfig: off is no limit, as a text and as the boolean of YAML 1.1", async () => {
  const app = await parseApp(`ports: [80]
idle_timeout: off
half_close_timeout: false
max_lifetime: "off"
bandwidth: { upload: off, download: false }`);
  assertEquals([app.idleTimeoutMs, app.halfCloseTimeoutMs, app.maxLifetimeMs], [
    Infinity,
    Infinity,
    Infinity,
  ]);
  assertEquals(app.bandwidth, { upload: undefined, download: undefined });
});

Deno.test("parseConfig: a shutdown without any wait is allowed", async () => {
  const { shutdown } = await parseConfig(
    `{ shutdown: { drain_timeout: 0s, delay: 5s }, apps: [{ name: a, ports: [1], targets: ["h:1"] }] }`,
    FILE,
  );
  assertEquals(shutdown, { drainTimeoutMs: 0, delayMs: 5_000 });
});

Deno.test("parseConfig: relative paths start at the config file's folder", async () => {
  const text = `log: { access: logs/access.log }
apps: [{ name: a, listen: ["unix:a.sock"], targets: ["unix:../b.sock", "unix:/c.sock"] }]`;
  const config = await parseConfig(text, FILE);
  assertEquals(config.log.access, join("/etc/tcpproxy/logs/access.log"));
  assertEquals(config.apps.flatMap(listens), [`unix:${join("/etc/tcpproxy/a.sock")}`]);
  assertEquals(config.apps[0]?.targets.map(({ label }) => label), [
    `unix:${join("/etc/b.sock")}`,
    "unix:/c.sock",
  ]);
  const elsewhere = await parseConfig(text, { ...FILE, baseDirectory: "/srv" });
  assertEquals(elsewhere.log.access, join("/srv/logs/access.log"));
});

Deno.test("parseConfig: aliases and merge keys give the values that they stand for", async () => {
  const { apps } = await parseConfig(
    `apps:
  - &first
    name: a
    ports: [1]
    targets: &targets ["h:1"]
    idle_timeout: 1m
    max_lifetime: 1h
  - { <<: *first, name: b, ports: [2], idle_timeout: 2m }
  - <<: [{ idle_timeout: 3m, name: none }, *first]
    name: c
    ports: [3]
  - { name: d, ports: [4], targets: *targets }`,
    FILE,
  );
  assertEquals(apps.map((app) => [app.name, app.ports[0], app.idleTimeoutMs / 60_000]), [
    ["a", 1, 1],
    ["b", 2, 2],
    ["c", 3, 3],
    ["d", 4, 60],
  ]);
  assertEquals(apps.map((app) => app.maxLifetimeMs / 3_600_000), [1, 1, 1, Infinity]);
});

Deno.test("parseConfig: JSON and a byte order mark are read", async () => {
  const text = JSON.stringify({ apps: [{ name: "a", ports: [1], targets: ["h:1"] }] }, null, "\t");
  assertEquals((await parseConfig(`\uFEFF${text}`, FILE)).apps.length, 1);
});

Deno.test("parseConfig: a port may be shared by addresses that do not meet", async () => {
  const app = await parseApp(
    `listen: ["127.0.0.1:80", "127.0.0.2:80", "[::1]:80", "0.0.0.0:81", "[::1]:81"]`,
  );
  assertEquals(app.listen.length, 5);
});

Deno.test("parseConfig: problems have a path, a place and a message each", async () => {
  const error = await configErrorOf(() =>
    parseConfig(`apps: [{ name: a, ports: [0], targets: ["h:1"], foo: 1 }]`, FILE)
  );
  assertEquals(error.problems.map(({ path, line, column }) => ({ path, line, column })), [
    { path: ["apps", 0, "ports", 0], line: 1, column: 27 },
    { path: ["apps", 0, "foo"], line: 1, column: 49 },
  ]);
});

Deno.test("resolveConfig: takes a value made in code, undefined options included", () => {
  const config = resolveConfig({
    defaults: { idle_timeout: undefined },
    apps: [{ name: "forward", listen: ["127.0.0.1:8080"], targets: ["h:1"], host: undefined }],
  }, { source: "forward" });
  assertEquals(config.apps.map(listens), [["127.0.0.1:8080"]]);
  assertEquals(config.apps[0]?.idleTimeoutMs, 3_600_000);
});

Deno.test("resolveConfig: makes the same checks and names the source", async () => {
  const app = { name: "a", ports: [80], targets: ["h:1"] };
  const error = await configErrorOf(() =>
    resolveConfig({ apps: [app, app], "<<": {}, lgo: {} }, { source: "forward" })
  );
  assertEquals(error.message.split("\n"), [
    `forward: ["<<"]: the merge key "<<" is read in YAML only; write out what it stands for`,
    `forward: lgo: unknown key; expected one of workers, log, admin, …; did you mean "log"?`,
    `forward: apps[1].name: the name "a" is that of apps[0] too; give each app its own`,
    `forward: apps[1].ports[0]: the address "[::]:80" is taken by apps[0].ports[0]; choose a free one`,
  ]);
});

Deno.test("resolveConfig: leaves the value as it was", () => {
  const value = { apps: [{ name: "a", ports: ["1-3"], targets: ["h:1"] }] };
  const before = structuredClone(value);
  resolveConfig(value, { source: "test" });
  assertEquals(value, before);
});

Deno.test("embeddedConfig: is the shipped config, which loads", async () => {
  const config = await embeddedConfig();
  assertEquals(config.apps.map(({ name }) => name), [
    "five-thousand",
    "six-thousand",
    "seven-thousand",
    "broken",
  ]);
  assert(config.apps.every(({ listen }) => listen.length > 0));
});
