import fc from "fast-check";
import { BALANCE_STRATEGIES } from "../../../lib/config/mod.ts";

const limit = fc.tuple(fc.integer({ min: 1, max: 500 }), fc.constantFrom("ms", "s", "m", "h"))
  .map(([count, unit]) => `${count}${unit}`);
const limitOrOff = fc.oneof(limit, fc.constantFrom("off", false));
const rate = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 999 }), fc.constantFrom("B", "KiB", "MiB", "kB")).map((all) =>
    `${all.join("")}/s`
  ),
  fc.constant("off"),
);
const count = fc.oneof(fc.integer({ min: 1, max: 10_000 }), fc.constantFrom("off", false));
const events = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 999_999 }), fc.constantFrom("s", "m", "h")).map((all) => all.join("/")),
  fc.constant("off"),
);
const blocks = fc.uniqueArray(
  fc.constantFrom("10.0.0.0/8", "192.0.2.1", "fd00::/8", "::1", "0.0.0.0/0", "::ffff:10.0.0.0/104"),
  { maxLength: 3 },
);
/** Blocks that keep nobody out whom {@link blocks} let in. */
const smallBlocks = fc.uniqueArray(fc.constantFrom("10.1.0.0/16", "192.0.2.0/32", "fd00::/16", "::2"), {
  maxLength: 3,
});
const proxyProtocol = fc.oneof(
  fc.record({
    timeout: limit,
    send: fc.constantFrom("off", "v1", "v2", false),
    log: fc.constantFrom([], ["authority", 0xea, "0xE1"]),
    tlvs: fc.record({
      authority: fc.boolean(),
      unique_id: fc.boolean(),
      crc32c: fc.boolean(),
      pass: fc.constantFrom("all", ["ssl", "0xEA", 5]),
      add: fc.constantFrom([], [{ type: "0xE0", value: "a\\x00" }]),
    }, { requiredKeys: [] }),
  }, { requiredKeys: [] }),
  fc.record({
    accept: fc.constantFrom("required", "optional"),
    from: fc.constant(["10.0.0.0/8", "::/0"]),
    timeout: limit,
  }),
);
const tls = fc.oneof(
  fc.constantFrom("off", false),
  fc.record({
    certificates: fc.constantFrom([{ cert: "a.pem", key: "a.key" }], [
      { cert: "/tls/a.pem", key: "/tls/a.key" },
      { cert: "../b.pem", key: "b.key" },
    ]),
    client_ca: fc.constant("ca.pem"),
    alpn: fc.constantFrom(["h2", "acme-tls/1"], ["acme-tls/1", "h2", "http/1.1"]),
    handshake_timeout: fc.constantFrom("1s", "90s", "10m"),
  }, { requiredKeys: ["certificates", "alpn"] }),
);
const targetTls = fc.oneof(
  fc.constant("off"),
  fc.constant({ cert: "c.pem", key: "c.key", server_name: "db.internal" }),
  fc.record({ ca: fc.constant("ca.pem"), server_name: fc.constant("db"), verify: fc.constant(true) }, {
    requiredKeys: ["server_name"],
  }),
  fc.constant({ server_name: "db", verify: false }),
);
const starttls = fc.oneof(
  fc.constantFrom("off", false, "postgres", "smtp", "imap"),
  fc.record({
    protocol: fc.constant("postgres"),
    plain: fc.constantFrom("refuse", "allow"),
    host_name: fc.constant("mail.example.com"),
  }, { requiredKeys: ["protocol"] }),
);
const inARow = fc.integer({ min: 1, max: 100 });
const healthCheck = fc.oneof(
  fc.constantFrom("off", false),
  fc.record({
    interval: fc.constantFrom("2s", "1m"),
    timeout: fc.constantFrom("1s", "2s"),
    rise: inARow,
    fall: inARow,
    port: fc.integer({ min: 1, max: 65535 }),
    send: fc.constantFrom("PING\\r\\n", "\\x00\\\\", "a: b\r\n"),
    expect: fc.constantFrom("+PONG", "/^220 /i", "\\x2fready"),
    tls: fc.boolean(),
  }, { requiredKeys: ["port"] }),
  fc.record({
    port: fc.constant(80),
    http: fc.record({
      path: fc.constantFrom("/", "/ready?a=b#c"),
      status: fc.constantFrom(200, "204", "2xx", "200-399"),
      host: fc.constant("a.example:80"),
    }, { requiredKeys: ["path"] }),
  }),
);
const passiveHealth = fc.oneof(
  fc.constant("off"),
  fc.record({
    failures: inARow,
    window: limit,
    eject_for: limit,
    max_ejected: fc.integer({ min: 1, max: 100 }).map((percent) => `${percent}%`),
  }, { requiredKeys: [] }),
);
const scope = Object.freeze({
  direction: fc.constantFrom("up", "down", "both"),
  probability: fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value === 0 ? 0 : value),
  clients: blocks,
  expires: limitOrOff,
  seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
});
const size = fc.tuple(fc.integer({ min: 1, max: 999 }), fc.constantFrom("B", "KiB", "MB")).map((all) =>
  all.join("")
);
const fault = fc.oneof(
  fc.record({
    kind: fc.constant("latency"),
    amount: fc.constant("100ms"),
    jitter: fc.constant("0s"),
    ...scope,
  }, {
    requiredKeys: ["kind", "amount"],
  }),
  fc.record({ kind: fc.constant("bandwidth"), rate: fc.constant("64KiB/s"), ...scope }, {
    requiredKeys: ["kind", "rate"],
  }),
  fc.record({ kind: fc.constant("slice"), size, delay: limit, ...scope }, { requiredKeys: ["kind", "size"] }),
  fc.record({ kind: fc.constantFrom("reset", "close"), after: fc.constantFrom("0s", "2s"), ...scope }, {
    requiredKeys: ["kind", "after"],
  }),
  fc.record({ kind: fc.constantFrom("reset", "close"), after_bytes: size, ...scope }, {
    requiredKeys: ["kind", "after_bytes"],
  }),
  fc.record({ kind: fc.constantFrom("black_hole", "refuse"), ...scope }, { requiredKeys: ["kind"] }),
);
const seconds = fc.constantFrom("1s", "60s", "1h30m", "32767s");
function sides<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | { listen?: T; dial?: T }> {
  return fc.oneof(value, fc.record({ listen: value, dial: value }, { requiredKeys: [] }));
}
const options = Object.freeze({
  balance: fc.constantFrom(...BALANCE_STRATEGIES.filter((strategy) => strategy !== "first")),
  connect_timeout: limit,
  connect_deadline: limit,
  idle_timeout: limitOrOff,
  half_close_timeout: limitOrOff,
  max_lifetime: limitOrOff,
  bandwidth: fc.record({ upload: rate, download: rate }, { requiredKeys: [] }),
  max_connections: count,
  accept_rate: events,
  max_connections_per_client: count,
  accept_rate_per_client: events,
  keepalive: fc.oneof(
    fc.boolean(),
    fc.constantFrom("off", {}),
    fc.record({ idle: seconds, interval: seconds, count: fc.integer({ min: 1, max: 127 }) }, {
      requiredKeys: [],
    }),
  ),
  user_timeout: fc.oneof(limitOrOff, fc.constant("576h")),
  source: fc.constantFrom("off", false, ["10.0.0.1-10.0.0.9", "fd00::/64"], [
    "10.0.0.1",
    "::1",
    "10.0.0.0/31",
  ]),
  mark: sides(fc.oneof(fc.constantFrom("off", false, 1, 2 ** 32 - 1))),
  interface: sides(fc.constantFrom("off", false, "eth0", "br-0.5")),
  dscp: sides(fc.constantFrom("off", false, "ef", "af41", 0, 63)),
  fast_open: sides(fc.constantFrom(true, false, "off")),
  defer_accept: fc.constantFrom("off", false, "1s", "1m"),
  mptcp: sides(fc.constantFrom(true, false, "off")),
  retry: fc.oneof(
    fc.constantFrom("off", {}),
    fc.record({ tries: fc.integer({ min: 2, max: 1000 }), pause: fc.constant("1ms") }, { requiredKeys: [] }),
  ),
  queue_timeout: fc.oneof(limit, fc.constant("0s")),
  allow: blocks,
  deny: smallBlocks,
  hash_key: fc.constantFrom("client", "sni", { subnet: [24, 64] }, { tlv: "authority" }, { tlv: 0xea }),
  proxy_protocol: proxyProtocol,
  client_hello_timeout: limit,
  tls,
  target_tls: targetTls,
  starttls,
  health_check: healthCheck,
  passive_health: passiveHealth,
  slow_start: limitOrOff,
  on_target_down: fc.constantFrom("keep", "close"),
  faults: fc.array(fault, { maxLength: 3 }),
});
const plainTarget = fc.constantFrom("h:1", "[::1]:2", "unix:/run/x", "unix:y", "h:*", {
  address: "10.0.0.1:3",
});
const weightedTarget = fc.record({
  address: fc.constantFrom("h:1", "[::1]:2", "unix:y"),
  weight: fc.integer({ min: 1, max: 256 }),
  backup: fc.boolean(),
  max_connections: count,
  proxy_protocol: fc.constantFrom("off", "v1", "v2", false),
}, { requiredKeys: ["address"] });
const lookedUpTarget = fc.oneof(
  fc.constant({ address: "_pg._tcp.db.internal", discover: "srv", max_connections: 5 }),
  fc.record({
    address: fc.constantFrom("db.internal:5432", "_pg._tcp.db:1"),
    discover: fc.constant("dns"),
    weight: fc.integer({ min: 1, max: 256 }),
  }, { requiredKeys: ["address", "discover"] }),
);
const targets = fc.array(fc.oneof(plainTarget, weightedTarget, lookedUpTarget), {
  minLength: 1,
  maxLength: 3,
});
const dns = fc.record(
  { nameserver: fc.constantFrom("10.0.0.2:53", "[::1]:5353", "system"), interval: limit },
  {
    requiredKeys: [],
  },
);
/** Routes that do not cover each other. */
const routes = fc.subarray([
  { sni: ["a.example.com", "B.example.com."], alpn: ["h2"] },
  { sni: ["*.example.com"] },
  { alpn: ["acme-tls/1"] },
  { sni: ["*"] },
]).chain((rules) => fc.tuple(...rules.map((rule) => targets.map((list) => ({ ...rule, targets: list })))));

/** Configs whose apps cannot be in each other's way: each has ten ports of its own. */
export const writtenConfigs = fc.record({
  log: fc.record({
    level: fc.constantFrom("debug", "info", "warning", "error"),
    format: fc.constantFrom("text", "json"),
    access: fc.constantFrom(true, false, "a.log", "/var/log/a.log"),
  }, { requiredKeys: [] }),
  admin: fc.oneof(
    fc.constantFrom("off", false, {}, { listen: "0.0.0.0:9900", token_file: "admin.token" }),
    fc.record({
      listen: fc.constantFrom("127.0.0.1:9900", "[::1]:9901", "localhost:9902"),
      token_file: fc.constantFrom("admin.token", "/run/admin.token"),
    }, { requiredKeys: [] }),
  ),
  shutdown: fc.record({ drain_timeout: limit, delay: fc.constantFrom("0s", "5s") }, { requiredKeys: [] }),
  defaults: fc.record({ ...options, dns }, { requiredKeys: [] }),
  apps: fc.array(
    fc.record({ targets, routes, ...options }, { requiredKeys: ["targets"] }),
    { minLength: 1, maxLength: 4 },
  ).chain((apps) =>
    fc.tuple(...apps.map((app, index) => {
      const port = 1000 + 10 * index;
      const where = fc.constantFrom(
        { ports: [port, `${port + 1}-${port + 4}`, port + 7] },
        { ports: [port + 3, port + 2], host: "127.0.0.1" },
        {
          listen: [
            `127.0.0.1:${port}-${port + 3}`,
            `[::1]:${port + 4}`,
            `[::1]:${port + 5}`,
            `unix:/run/${port}`,
          ],
        },
        { ports: [port], listen: [`localhost:${port + 1}`, `unix:s${port}`] },
      );
      return where.map((place) => ({
        name: `app-${index}`,
        ...app,
        ...place,
        ...ownPort(app, place),
        ...ownStarttls(app),
      }));
    }))
  ),
}, { requiredKeys: ["apps"] });

/** Without `starttls` where the app itself has no TLS to begin. */
function ownStarttls(app: Readonly<Record<string, unknown>>): { starttls?: "off" } {
  const hasTls = [app.tls, app.target_tls].some((value) => typeof value === "object");
  return hasTls || app.starttls === undefined ? {} : { starttls: "off" };
}

/** Without the listeners of unix sockets, where a target's port is that of the client. */
function ownPort(
  app: unknown,
  { listen = [] }: { listen?: readonly string[] },
): { listen?: readonly string[] } {
  if (!JSON.stringify(app).includes('"h:*"')) return {};
  return listen.length === 0 ? {} : { listen: listen.filter((address) => !address.startsWith("unix:")) };
}
