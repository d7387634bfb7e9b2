import * as z from "zod";
import { BALANCE_STRATEGIES, TARGET_DOWN_ACTIONS } from "../../model/config.ts";
import { Discovery, Dns } from "./discovery.ts";
import { Fault } from "./fault.ts";
import { HashKey } from "./hash_key.ts";
import { HealthCheck, PassiveHealth } from "./health.ts";
import { countOrOff, wholeNumber } from "../values/numbers.ts";
import { ProxyProtocol } from "./proxy_protocol.ts";
import { Route } from "./route.ts";
import { Keepalive, SocketOptions } from "./sockets.ts";
import { Starttls } from "./starttls.ts";
import { Target } from "./target.ts";
import { blocks } from "../values/texts.ts";
import { TargetTls, Tls } from "./tls.ts";
import {
  byteRateOrOff,
  choice,
  eventRateOrOff,
  limit,
  limitOrOff,
  listenHost,
  listenRange,
  mappingOrOff,
  name,
  portRange,
} from "../values/units.ts";

const Bandwidth = z.strictObject({
  upload: byteRateOrOff().optional().meta({
    description: "From client to target, in bytes per second.",
    default: "off",
    examples: ["10MiB/s"],
  }),
  download: byteRateOrOff().optional().meta({
    description: "From target to client, in bytes per second.",
    default: "off",
    examples: ["10MiB/s"],
  }),
}, { error: "a mapping" });

/** The most dials of one connection: with the shortest pause that makes sense, beyond any deadline that does. */
const MAX_TRIES = 1000;

const Retry = z.strictObject({
  tries: wholeNumber(2, MAX_TRIES).prefault(6).meta({
    description: "Dials of one connection in all, the first of each target included.",
  }),
  pause: limit().prefault("1s").meta({
    description: "How long to wait when all targets have failed, before they are dialed again.",
  }),
}, { error: "a mapping" });

/** The options that `defaults` can give for every app. A new one is a row here and a field in `_resolve.ts`. */
const AppOptions = z.strictObject({
  host: listenHost().meta({
    description:
      "The address that `ports` are bound on. `::` is every interface, IPv6 and IPv4. A host name is all its addresses, " +
      "IPv6 ones left out on a machine without IPv6.",
    default: "::",
    examples: ["127.0.0.1"],
  }),
  balance: choice(BALANCE_STRATEGIES).meta({
    description:
      "How a connection's targets are chosen; each is tried once, and once more in each round of `retry`. `random`: a random start by weight, " +
      "then the next in order. `round_robin`: in turn, by weight. `least_connections`: the one with the fewest " +
      "for its weight. `random_two`: the less busy of two drawn at random. `source_hash`: the same target for " +
      "the same client, on every replica. `first`: in order, the next only while those before are unavailable.",
    default: "random",
  }),
  hash_key: HashKey.meta({
    description:
      "The key that `balance: source_hash` hashes: `client` (its address), `sni` (the server name in its " +
      "ClientHello), `{ subnet: [24, 64] }` (its network) or `{ tlv: authority }` (a field of the PROXY " +
      "header). A connection without such a key uses the client's address.",
    default: "client",
    examples: ["sni", { subnet: [24, 64] }, { tlv: 0xea }],
  }),
  connect_timeout: limit().meta({
    description: "The limit of one dial.",
    default: "5s",
  }),
  connect_deadline: limit().meta({
    description: "The limit of all dials of one connection.",
    default: "15s",
  }),
  retry: mappingOrOff(Retry).meta({
    description:
      "Dials the targets again when all have failed, for servers that restart; `{}` uses the defaults. Without it each " +
      "is dialed at most once for a connection. `connect_deadline` limits all rounds together.",
    default: "off",
    examples: [{ tries: 6, pause: "1s" }],
  }),
  idle_timeout: limitOrOff().meta({
    description: "Closes a connection that carried no byte in either direction for this long.",
    default: "1h",
  }),
  half_close_timeout: limitOrOff().meta({
    description: "Closes a half-closed connection whose open side sent nothing for this long.",
    default: "5m",
  }),
  max_lifetime: limitOrOff().meta({
    description: "Closes a connection that is this old, give or take 10 %.",
    default: "off",
    examples: ["24h"],
  }),
  keepalive: Keepalive,
  max_connections: countOrOff().meta({
    description:
      "Connections at once of the whole app. With so many, nothing is accepted until there is room; the system's " +
      "backlog holds the rest.",
    default: "off",
    examples: [10_000],
  }),
  accept_rate: eventRateOrOff().meta({
    description:
      "How fast connections are accepted; the system's backlog holds the rest. Clients that are refused (`denied`, or " +
      "above a limit of their own) do not count.",
    default: "off",
    examples: ["500/s"],
  }),
  max_connections_per_client: countOrOff().meta({
    description:
      "Connections at once of one client; more are closed with `limit`. A client is an IPv4 address, or the first 64 bits " +
      "of an IPv6 address.",
    default: "off",
    examples: [100],
  }),
  accept_rate_per_client: eventRateOrOff().meta({
    description:
      "New connections of one client; more are closed with `rate_limit`. A client is an IPv4 address, or the first 64 bits " +
      "of an IPv6 address.",
    default: "off",
    examples: ["50/s"],
  }),
  queue_timeout: limit({ zero: true }).meta({
    description: "How long a connection may wait for a place when every target that it could use is at its " +
      "`max_connections`, those that have refused it left aside; then it is closed with `limit`. `0s` is not at all.",
    default: "5s",
  }),
  bandwidth: Bandwidth.meta({
    description: "Limits of each connection.",
    default: {},
  }),
  allow: blocks().meta({
    description: "Allowed clients, as addresses and blocks; an empty list allows everyone.",
    default: [],
    examples: [["10.0.0.0/8"]],
  }),
  deny: blocks().meta({
    description: "Denied clients, even those that `allow` lists.",
    default: [],
    examples: [["10.9.0.0/16"]],
  }),
  proxy_protocol: ProxyProtocol.meta({
    description: "The PROXY protocol: where clients' addresses come from, and go to.",
    default: {},
  }),
  client_hello_timeout: limit().meta({
    description:
      "How long a client may take to send its ClientHello, where `routes`, `hash_key: sni` or `proxy_protocol.tlvs.authority` need it. With " +
      "`routes` a client that takes longer is closed; otherwise it goes on without a server name, so that in a protocol " +
      "where the server speaks first every client waits as long.",
    default: "5s",
  }),
  tls: mappingOrOff(Tls).meta({
    description:
      "Ends the clients' TLS here. It begins with the first byte, unless `starttls` says otherwise. `routes` then go by " +
      "the name and protocol of that handshake. The files are read again at SIGHUP.",
    default: "off",
  }),
  target_tls: mappingOrOff(TargetTls).meta({
    description:
      "Speaks TLS to the targets, from the first byte on unless `starttls` says otherwise. The files are read again at " +
      "SIGHUP.",
    default: "off",
  }),
  starttls: Starttls.meta({
    title: "protocol, mapping or `off`",
    description:
      "TLS begins behind a request of this protocol (PostgreSQL's SSLRequest, STARTTLS of SMTP and IMAP, the login of " +
      "MySQL), with clients (`tls`, `routes`) and with targets (`target_tls`, `routes`; not MySQL, whose server speaks " +
      "first). A word, or a mapping with `protocol`, `plain` and `host_name`.",
    default: "off",
    examples: ["postgres", { protocol: "smtp", host_name: "mail.example.com" }],
  }),
  health_check: mappingOrOff(HealthCheck).meta({
    description:
      "Checks every target on its own; `{}` is a dial every five seconds. While all are down, all are tried.",
    default: "off",
  }),
  passive_health: mappingOrOff(PassiveHealth).meta({
    description: "Ejects targets that fail real connections, for a time; `{}` uses the defaults.",
    default: "off",
  }),
  slow_start: limitOrOff().meta({
    description:
      "How long a new or returning target takes from a tenth of its weight to all of it. No effect with " +
      "`balance: first`.",
    default: "off",
    examples: ["30s"],
  }),
  on_target_down: choice(TARGET_DOWN_ACTIONS).meta({
    description: "Whether connections to a target that goes down are kept, or closed with `target_down`.",
    default: "keep",
  }),
  dns: Dns.meta({
    description: "How the targets with `discover: dns` and `discover: srv` are looked up.",
    default: {},
  }),
  discovery: Discovery.meta({
    description:
      "Which targets `discover` may find, and how `discover: http` asks. See [discovery.md](discovery.md).",
    default: {},
  }),
  ...SocketOptions.shape,
  faults: z.array(Fault, { error: "a list of faults" }).meta({
    description: "Faults injected into connections, to test how clients and targets cope.",
    default: [],
  }),
}, { error: "a mapping" });

/** The options of an app as zod gives them. */
export type ParsedAppOptions = z.output<typeof AppOptions>;

/** The built-in defaults of app options. */
export const BUILT_IN_APP_OPTIONS: ParsedAppOptions = AppOptions.parse(
  Object.fromEntries(Object.entries(AppOptions.shape).map(([key, schema]) => [key, schema.meta()?.default])),
);

/** App options that hold for every app that does not give its own. */
export const Defaults = AppOptions.partial();

/** An entry of `ports`. */
export const Ports = portRange();

/** An entry of `listen`. */
export const ListenRange = listenRange();

/** One app. */
export const App = z.strictObject({
  name: name().meta({
    description:
      "What logs and metrics call the app: letters, digits, `-`, `_` and `.`, at most 63. No two apps " +
      "share one.",
    examples: ["postgres"],
  }),
  ports: z.array(Ports, { error: "a list of ports" }).optional().meta({
    description: "Ports that are listened on, as numbers or ranges. `ports` or `listen` is needed.",
    examples: [[5432, "6000-6009"]],
  }),
  listen: z.array(ListenRange, { error: "a list of addresses" }).optional().meta({
    description: "Addresses that are listened on, beside or instead of `ports`: `host:port`, `[v6]:port`, " +
      "`host:first-last` or `unix:/path`. A host name is all its addresses, as in `host`. `systemd:NAME` stands " +
      "for the listening sockets of this name (`FileDescriptorName=`) that systemd passes: see `docs/upgrade.md`. " +
      "It needs `engine: native`.",
    examples: [["127.0.0.1:7000", "unix:/run/pg.sock"], ["systemd:web"]],
  }),
  targets: z.array(Target, { error: "a list of targets" }).optional().meta({
    description:
      "Where connections go: `host:port`, `[v6]:port`, `unix:/path`, or `host:*` for the port that the " +
      "client came to; each as a text or as a mapping. None may lead back to the app, directly or by way of " +
      "others. `targets` or `routes` is needed.",
    examples: [["10.0.0.5:5432", { address: "10.0.0.6:5432" }]],
  }),
  routes: z.array(Route, { error: "a list of routes" }).optional().meta({
    description:
      "Other targets by what a TLS client says first; the TLS itself is passed on. The first route that matches " +
      "wins; where none does, the app's own targets are used. One without `sni` and `alpn` takes all, and is the " +
      "last.",
    examples: [[{ sni: ["*.example.com"], targets: ["10.0.1.1:443"] }]],
  }),
  ...Defaults.shape,
}, { error: "a mapping" });

/** An app as zod gives it: texts are values, nothing is filled in. */
export type ParsedApp = z.output<typeof App>;
