import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import fc from "fast-check";
import { formatCidr, formatEventRate, parseEventRate } from "../../../lib/base/mod.ts";
import { STRATEGY_NAMES } from "../../../lib/balancing/mod.ts";
import { BALANCE_STRATEGIES, effectiveConfig, parseConfig, resolveConfig } from "../../../lib/config/mod.ts";
import type { AppConfig } from "../../../lib/config/mod.ts";
import { parseCheckBytes, parseExpect, parseStatus } from "../../../lib/pool/mod.ts";
import { parseSniPattern } from "../../../lib/routing/mod.ts";
import { MAX_HANDSHAKE_MS } from "../../../lib/tls/handshake/handshake.ts";

const FILE = { file: "/etc/tcpproxy/config.yaml" };

async function parseApp(lines: string, head = ""): Promise<AppConfig> {
  const { apps: [app] } = await parseConfig(
    `${head}\napps:\n  - name: a\n    ports: [1]\n    ${lines.replaceAll("\n", "\n    ")}\n`,
    FILE,
  );
  if (app === undefined) throw new Error("the config has no app; expected one");
  return app;
}

function accepts(option: string, value: unknown): boolean {
  try {
    resolveConfig(
      { apps: [{ name: "a", ports: [1], targets: ["h:1"], health_check: { [option]: value } }] },
      {
        source: "test",
      },
    );
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === "ConfigError") return false;
    throw error;
  }
}

function isRead(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch (error) {
    assert(error instanceof Error);
    return false;
  }
}

Deno.test("parseConfig: limits are numbers and rates, off is none of them", async () => {
  const app = await parseApp(`targets: ["h:1"]
max_connections: 10
accept_rate: 30/m
max_connections_per_client: off
accept_rate_per_client: off
queue_timeout: 0s`);
  assertEquals([app.maxConnections, app.queueTimeoutMs], [10, 0]);
  assertEquals(app.acceptRate, { ratePerSecond: 0.5, burst: 30 });
  assertEquals([app.maxConnectionsPerClient, app.acceptRatePerClient], [Infinity, undefined]);
});

Deno.test("parseConfig: blocks are single addresses and networks of both families", async () => {
  const app = await parseApp(`targets: ["h:1"]\nallow: [10.0.0.0/8, "::1"]\ndeny: ["::ffff:10.9.0.0/112"]`);
  assertEquals(app.allow.map(formatCidr), ["10.0.0.0/8", "::1"]);
  assertEquals(app.deny.map(formatCidr), ["10.9.0.0/16"]);
});

Deno.test("parseConfig: a target has options of its own, and what it leaves out is as for a plain one", async () => {
  const { targets: [plain, own, name, service] } = await parseApp(`targets:
  - h:1
  - { address: "h:2", weight: 3, backup: true, max_connections: 100, proxy_protocol: off }
  - { address: "db.internal:5432", discover: dns }
  - { address: _pg._tcp.db.internal, discover: srv }`);
  assertEquals(own, {
    address: { kind: "tcp", host: "h", port: 2 },
    label: "h:2",
    weight: 3,
    backup: true,
    maxConnections: 100,
    proxyProtocol: "off",
    discover: undefined,
    healthCheck: undefined,
  });
  assertEquals(plain?.proxyProtocol, undefined);
  assertEquals([name?.discover, name?.label], ["dns", "db.internal:5432"]);
  assertEquals(service?.address, { kind: "tcp", host: "_pg._tcp.db.internal", port: 0 });
  assertEquals(service?.label, "_pg._tcp.db.internal");
});

Deno.test("parseConfig: routes may stand instead of targets, and before them", async () => {
  const alone = await parseApp(`routes: [{ sni: ["*.Example.com.", a.b], targets: ["h:1"] }]`);
  assertEquals(alone.targets, []);
  assertEquals(alone.routes.map(({ sni, alpn }) => ({ sni, alpn })), [{
    sni: ["*.example.com", "a.b"],
    alpn: [],
  }]);
  const both = await parseApp(
    `targets: ["h:2"]\nroutes: [{ alpn: [h2], targets: [{ address: "h:1", weight: 2 }] }]`,
  );
  assertEquals(both.targets.length, 1);
  assertEquals(both.routes[0]?.targets[0]?.weight, 2);
});

Deno.test("parseConfig: a catch-all route may be the last one", async () => {
  const { routes } = await parseApp(`routes: [{ sni: [a.b], targets: ["h:1"] }, { targets: ["h:2"] }]`);
  assertEquals(routes.length, 2);
});

Deno.test("parseConfig: an empty mapping turns checks on with their defaults, off turns those of defaults off", async () => {
  const on = await parseApp(`targets: ["h:1"]\nhealth_check: {}\npassive_health: {}`);
  assertEquals(on.healthCheck, {
    intervalMs: 5_000,
    timeoutMs: 2_000,
    rise: 2,
    fall: 3,
    port: undefined,
    type: undefined,
    user: undefined,
    database: undefined,
    send: undefined,
    expect: undefined,
    expectNot: undefined,
    steps: undefined,
    http: undefined,
    tls: false,
  });
  assertEquals(on.passiveHealth, { failures: 3, windowMs: 30_000, ejectForMs: 10_000, maxEjected: 0.5 });
  const head = "defaults: { health_check: { rise: 5 }, passive_health: {}, slow_start: 30s }";
  const inherited = await parseApp(`targets: ["h:1"]`, head);
  assertEquals([inherited.healthCheck?.rise, inherited.slowStartMs], [5, 30_000]);
  const off = await parseApp(
    `targets: ["h:1"]\nhealth_check: off\npassive_health: false\nslow_start: off`,
    head,
  );
  assertEquals([off.healthCheck, off.passiveHealth, off.slowStartMs], [undefined, undefined, 0]);
});

Deno.test("parseConfig: a target's own check is what it says, over what its app says", async () => {
  const { healthCheck: app, targets } = await parseApp(
    `health_check: { send: a, expect: b, interval: 7s, port: 9 }
targets:
  - "h:1"
  - { address: "h:2", health_check: {} }
  - { address: "h:3", health_check: { interval: 9s, port: 10 } }
  - { address: "h:4", health_check: { type: redis } }
  - { address: "h:5", health_check: { expect: c } }
  - { address: "h:6", health_check: off }`,
  );
  const checks = targets.map(({ healthCheck }) => healthCheck);
  assertEquals(checks[0] === app, true);
  assertEquals(checks[1], app);
  assertEquals(checks[2], app && { ...app, intervalMs: 9000, port: 10 });
  assertEquals(checks[3], app && { ...app, type: "redis", send: undefined, expect: undefined });
  assertEquals(checks[4], app && { ...app, send: undefined, expect: "c" });
  assertEquals(checks[5], undefined);
});

Deno.test("parseConfig: a target may be checked where its app is not", async () => {
  const { healthCheck, targets } = await parseApp(
    `targets: ["h:1", { address: "h:2", health_check: { type: postgres, user: u, database: d } }]`,
  );
  const [none, own] = targets.map(({ healthCheck }) => healthCheck);
  assertEquals([healthCheck, none], [undefined, undefined]);
  assertEquals([own?.type, own?.user, own?.database, own?.intervalMs, own?.rise], [
    "postgres",
    "u",
    "d",
    5000,
    2,
  ]);
});

Deno.test("parseConfig: the log's format is a word or a template, and effectiveConfig gives it back", async () => {
  const log = async (format: string): Promise<unknown[]> => {
    const config = await parseConfig(
      `log: { format: "${format}" }\napps: [{ name: a, ports: [1], targets: ["h:1"] }]`,
      FILE,
    );
    const { log } = effectiveConfig(config);
    return [config.log.format, config.log.template, (log as Record<string, unknown>).format];
  };
  assertEquals(await log("json"), ["json", undefined, "json"]);
  assertEquals(await log("{id} {{"), ["text", "{id} {{", "{id} {{"]);
});

Deno.test("effectiveConfig: a target's own check is read again as the same", async () => {
  const config = await parseConfig(
    `apps:
  - name: a
    ports: [1]
    health_check: { steps: [{ send: a }, { expect: b, expect_not: c }] }
    targets:
      - { address: "h:2", health_check: { port: 7 } }
      - { address: "h:3", health_check: { type: tcp } }
      - { address: "h:4", health_check: { http: { path: /x } } }
      - { address: "h:5", health_check: off }`,
    { file: "a.yaml" },
  );
  const again = resolveConfig(effectiveConfig(config), { source: "test" });
  assertEquals(effectiveConfig(again), effectiveConfig(config));
  assertEquals(again.apps[0]?.targets, config.apps[0]?.targets);
});

Deno.test("parseConfig: the status of an HTTP check is a number or a text", async () => {
  const check = async (status: string): Promise<string | undefined> =>
    (await parseApp(`targets: ["h:1"]\nhealth_check: { http: { path: /, status: ${status} } }`)).healthCheck
      ?.http
      ?.status;
  assertEquals(await check("200"), "200");
  assertEquals(await check("200-399"), "200-399");
});

Deno.test("parseConfig: paths of certificates start at the config file's folder", async () => {
  const { tls, targetTls } = await parseApp(`targets: ["h:1"]
tls: { certificates: [{ cert: tls/a.pem, key: /k/a.key }], client_ca: ../ca.pem, alpn: [h2] }
target_tls: { ca: ca.pem, cert: c.pem, key: c.key, server_name: db.internal }`);
  assertEquals(tls, {
    certificates: [{ cert: join("/etc/tcpproxy/tls/a.pem"), key: "/k/a.key" }],
    clientCa: join("/etc/ca.pem"),
    clientCrl: undefined,
    clientAuth: "required",
    alpn: ["h2"],
    minVersion: "1.2",
    maxVersion: "1.3",
    handshakeTimeoutMs: 10_000,
  });
  assertEquals(targetTls, {
    ca: join("/etc/tcpproxy/ca.pem"),
    crl: undefined,
    serverName: "db.internal",
    passServerName: false,
    alpn: [],
    minVersion: "1.2",
    maxVersion: "1.3",
    cert: join("/etc/tcpproxy/c.pem"),
    key: join("/etc/tcpproxy/c.key"),
    verify: true,
  });
});

Deno.test("parseConfig: a version of TLS is read as text and as the number that YAML makes of it", async () => {
  const { tls, targetTls } = await parseApp(`targets: ["h:1"]
tls: { certificates: [{ cert: a, key: b }], min_version: 1.3, client_ca: c, client_auth: optional }
target_tls: { max_version: "1.2", alpn: [h2], pass_server_name: true }`);
  assertEquals([tls?.minVersion, tls?.maxVersion, tls?.clientAuth], ["1.3", "1.3", "optional"]);
  assertEquals([targetTls?.minVersion, targetTls?.maxVersion], ["1.2", "1.2"]);
  assertEquals([targetTls?.alpn, targetTls?.passServerName], [["h2"], true]);
});

Deno.test("parseConfig: a fault has the fields of its kind alone", async () => {
  const { faults } = await parseApp(`targets: ["h:1"]
faults:
  - { kind: latency, direction: down, amount: 100ms, jitter: 20ms, probability: 0.5, expires: 10m, seed: 1 }
  - { kind: reset, after_bytes: 1MiB }
  - { kind: refuse, clients: [10.0.0.0/8] }`);
  const all = {
    direction: "both",
    probability: 1,
    clients: [],
    expiresMs: Infinity,
    seed: undefined,
  } as const;
  assertEquals(faults, [
    {
      kind: "latency",
      amountMs: 100,
      jitterMs: 20,
      direction: "down",
      probability: 0.5,
      clients: [],
      expiresMs: 600_000,
      seed: 1,
    },
    { kind: "reset", afterMs: undefined, afterBytes: 1024 ** 2, ...all },
    { kind: "refuse", ...all, clients: [{ network: Uint8Array.of(10, 0, 0, 0), prefix: 8 }] },
  ]);
});

Deno.test("parseConfig: how names are looked up counts only where one is", async () => {
  const head = `defaults: { dns: { nameserver: "10.0.0.2:53", interval: 5s } }`;
  const looking = await parseApp(`targets: [{ address: "db:1", discover: dns }]`, head);
  assertEquals(looking.dns, { nameserver: { kind: "tcp", host: "10.0.0.2", port: 53 }, intervalMs: 5_000 });
  const routed = await parseApp(`routes: [{ targets: [{ address: "db:1", discover: dns }] }]`, head);
  assertEquals(routed.dns.intervalMs, 5_000);
  const other = await parseApp(`targets: ["db:1"]`, head);
  assertEquals(other.dns, { nameserver: undefined, intervalMs: 30_000 });
});

Deno.test("parseConfig: combinations that make sense are let be", async () => {
  await parseApp(`targets: [{ address: "h:1", backup: true }, { address: "h:2", backup: true }]`);
  await parseApp(`targets: [{ address: "h:1", weight: 0 }, { address: "h:2", backup: true }]`);
  await parseApp(`targets: [{ address: "h:1", backup: true }, "h:2"]\nbalance: first`);
  await parseApp(`targets: ["h:1"]\nhealth_check: { expect: "/^220 /" }`);
  await parseApp(`targets: ["h:*"]\nhealth_check: { port: 8008 }`);
  await parseApp(`targets: ["h:1"]\nbalance: first`, "defaults: { slow_start: 30s }");
  await parseApp(`targets: ["h:1"]\ntarget_tls: { verify: false }`);
  await parseApp(`targets: ["h:1"]\nallow: [10.0.0.0/8, "::1"]\ndeny: [10.1.0.0/16, "::/0"]`);
  await parseApp(`targets: ["h:1"]\ndeny: [0.0.0.0/0]`);
  await parseApp(`targets: ["h:1"]\nbalance: first\nslow_start: off`, "defaults: { slow_start: 30s }");
  await parseApp(`routes: [{ alpn: [h2], targets: ["h:1"] }]
tls: { certificates: [{ cert: a, key: b }], alpn: [h2], handshake_timeout: 10m }`);
  await parseApp(`routes: [{ targets: ["h:1"] }]\ntls: { certificates: [{ cert: a, key: b }] }`);
  await parseApp(
    `targets: ["h:1"]\nlisten: ["unix:/run/x"]\nproxy_protocol: { accept: required, from: [0.0.0.0/0, "::/0"] }`,
  );
});

Deno.test("effectiveConfig: a target without options of its own is a text", async () => {
  const config = await parseConfig(
    `apps: [{ name: a, ports: [1], targets: [{ address: "h:1", weight: 1 }, { address: "h:2", weight: 2 }] }]`,
    FILE,
  );
  const { apps } = effectiveConfig(config) as { apps: { targets: unknown }[] };
  assertEquals(apps[0]?.targets, ["h:1", { address: "h:2", weight: 2 }]);
});

Deno.test("BALANCE_STRATEGIES: are those that there are", () => {
  assertEquals([...BALANCE_STRATEGIES].sort(), [...STRATEGY_NAMES].sort());
});

Deno.test("formatEventRate: reads again as the same rate, for every whole number of events", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 999_999_999 }), fc.constantFrom("s", "m", "h"), (count, unit) => {
      const rate = parseEventRate(`${count}/${unit}`);
      assertEquals(parseEventRate(formatEventRate(rate)), rate);
    }),
  );
  assertEquals(["60/m", "1/s", "3600/h", "100/s"].map((text) => formatEventRate(parseEventRate(text))), [
    "60/m",
    "1/s",
    "3600/h",
    "100/s",
  ]);
});

Deno.test("parseConfig: takes exactly the server names that a route table can read", () => {
  const part = fc.constantFrom(
    "a",
    "B",
    "*",
    "*.",
    ".",
    "-",
    "_",
    "ü",
    " ",
    "10.0.0.1",
    "::1",
    "xn--a",
    "x".repeat(64),
  );
  fc.assert(fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
    const sni = parts.join("");
    const app = { name: "a", ports: [1], routes: [{ sni: [sni], targets: ["h:1"] }] };
    const isGood = isRead(() => resolveConfig({ apps: [app] }, { source: "test" }));
    assertEquals(isGood, isRead(() => parseSniPattern(sni)), sni);
  }));
});

Deno.test("parseConfig: takes exactly the texts that a health check can send and expect", () => {
  const part = fc.constantFrom("a", "\\", "\\r", "\\x", "\\x4", "0", "\\q", "\n", "é", "\\\\", "\\0");
  fc.assert(fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
    const text = parts.join("");
    assertEquals(accepts("send", text), isRead(() => parseCheckBytes(text)), text);
    assertEquals(accepts("expect", text), isRead(() => parseExpect(text)), text);
  }));
});

Deno.test("parseConfig: refuses the expressions that a health check cannot run", () => {
  const good = ["/a/", "/^2\\d\\d /i", "/a|b/ms", "/[/]/", "/(?:a)\\./", "/\\//"];
  const bad = [
    "/",
    "//",
    "/a",
    "/a/g",
    "/a/ii",
    "/(/",
    "/[/",
    "/a(?=b)/",
    "/(?<!a)b/",
    "/(a)\\1/",
    "/(?<n>a)\\k<n>/",
  ];
  for (const text of good) {
    assert(accepts("expect", text), text);
    parseExpect(text);
  }
  for (const text of bad) {
    assert(!accepts("expect", text), text);
    assertThrows(() => parseExpect(text), Error, undefined, text);
  }
});

Deno.test("parseConfig: takes exactly the statuses that a health check can read", () => {
  const part = fc.constantFrom("2", "200", "399", "xx", "-", "99", "600", " ");
  fc.assert(fc.property(fc.array(part, { minLength: 1, maxLength: 3 }), (parts) => {
    const status = parts.join("");
    assertEquals(accepts("http", { path: "/", status }), isRead(() => parseStatus(status)), status);
  }));
});

Deno.test("parseConfig: takes no longer limit of a handshake than there is", () => {
  const tls = { certificates: [{ cert: "a", key: "b" }] };
  const handshake = (limit: string): unknown =>
    resolveConfig({
      apps: [{ name: "a", ports: [1], targets: ["h:1"], tls: { ...tls, ["handshake_timeout"]: limit } }],
    }, { source: "test" }).apps[0]?.tls?.handshakeTimeoutMs;
  assertEquals(handshake("10m"), MAX_HANDSHAKE_MS);
  assertThrows(() => handshake("600001ms"), Error, `the duration is "600001ms"; expected at most 10m`);
});
