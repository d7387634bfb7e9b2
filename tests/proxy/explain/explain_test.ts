import { assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { parseAddress } from "../../../lib/base/mod.ts";
import { clientHash } from "../../../lib/balancing/mod.ts";
import { BALANCE_STRATEGIES, type Config, resolveConfig } from "../../../lib/config/mod.ts";
import { Pool } from "../../../lib/pool/mod.ts";
import {
  type ConnectionQuestion,
  explainConnection,
  type ExplainedConnection,
} from "../../../lib/proxy/mod.ts";

function configOf(...apps: Record<string, unknown>[]): Config {
  return resolveConfig({ apps: apps.map((app, index) => ({ name: `app-${index}`, ...app })) }, {
    source: "test",
  });
}

function ask(config: Config, question: Partial<ConnectionQuestion> = {}): ExplainedConnection {
  const explanation = explainConnection(config, {
    to: { kind: "port", port: 7001 },
    client: "192.0.2.7",
    sni: undefined,
    alpn: [],
    ...question,
  });
  if (explanation.kind !== "explained") throw new Error(`it is "${explanation.kind}"`);
  return explanation;
}

function listenerOf(config: Config, to: ConnectionQuestion["to"]): string {
  const found = explainConnection(config, { to, client: "192.0.2.7", sni: undefined, alpn: [] });
  if (found.kind === "explained") return found.listener.app;
  return found.kind === "none" ? `none, near ${found.nearest?.app}` : found.kind;
}

const TARGETS = ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"];

Deno.test("explainConnection: the app is the one that listens on the port", () => {
  const config = configOf({ ports: [7001], targets: TARGETS }, {
    ports: [7002, "7010-7019"],
    targets: ["h:1"],
  });
  assertEquals(listenerOf(config, { kind: "port", port: 7001 }), "app-0");
  assertEquals(listenerOf(config, { kind: "port", port: 7015 }), "app-1");
});

Deno.test("explainConnection: a port that nobody listens on has a nearest app", () => {
  const config = configOf({ ports: [7001], targets: TARGETS }, { ports: [9000], targets: ["h:1"] });
  assertEquals(listenerOf(config, { kind: "port", port: 8999 }), "none, near app-1");
  assertEquals(listenerOf(config, { kind: "port", port: 1 }), "none, near app-0");
  const unix = configOf({ listen: ["unix:/tmp/x.sock"], targets: TARGETS });
  assertEquals(listenerOf(unix, { kind: "port", port: 1 }), "none, near undefined");
  assertEquals(listenerOf(unix, parseAddress("unix:/tmp/y.sock")), "none, near undefined");
});

Deno.test("explainConnection: of several on a port, the address decides, its own before a wildcard", () => {
  const config = configOf(
    { listen: ["127.0.0.1:7001"], targets: TARGETS },
    { listen: ["127.0.0.2:7001"], targets: TARGETS },
    { listen: ["[::1]:7001", "unix:/tmp/x.sock"], targets: TARGETS },
    { listen: ["0.0.0.0:7002"], targets: TARGETS },
    { listen: ["[::]:7003"], targets: TARGETS },
  );
  assertEquals(listenerOf(config, { kind: "port", port: 7001 }), "several");
  assertEquals(listenerOf(config, parseAddress("127.0.0.2:7001")), "app-1");
  assertEquals(listenerOf(config, parseAddress("[0:0::1]:7001")), "app-2");
  assertEquals(listenerOf(config, parseAddress("unix:/tmp/x.sock")), "app-2");
  assertEquals(listenerOf(config, parseAddress("127.0.0.3:7001")), "none, near app-0");
  assertEquals(listenerOf(config, parseAddress("127.0.0.3:7002")), "app-3");
  assertEquals(listenerOf(config, parseAddress("[::1]:7002")), "none, near app-3");
  assertEquals(listenerOf(config, parseAddress("127.0.0.3:7003")), "app-4");
  assertEquals(listenerOf(config, parseAddress("[::1]:7003")), "app-4");
});

Deno.test("explainConnection: a client that is denied gets the rule, and reaches no target", () => {
  const config = configOf({ ports: [7001], targets: TARGETS, allow: ["10.0.0.0/8"], deny: ["10.9.0.0/16"] });
  const denied = ask(config, { client: "::ffff:10.9.1.1" });
  assertEquals(denied.admission, { allowed: false, rule: "deny 10.9.0.0/16" });
  assertEquals([denied.refusal?.reason, denied.targets], ["denied", []]);
  assertEquals(ask(config, { client: "192.0.2.7" }).admission.rule, "not in allow");
  const allowed = ask(config, { client: "10.1.1.1" });
  assertEquals(allowed.admission, { allowed: true, rule: "allow 10.0.0.0/8" });
  assertEquals([allowed.refusal, allowed.targets.length], [undefined, 3]);
  const open = configOf({ ports: [7001], targets: TARGETS });
  assertEquals(ask(open).admission, { allowed: true, rule: "no rules" });
});

const ROUTED = {
  ports: [7001],
  routes: [
    { sni: ["*.example.com"], alpn: ["h2"], targets: ["10.0.1.1:443"] },
    { sni: ["*.example.com"], targets: ["10.0.2.1:443"] },
  ],
};

Deno.test("explainConnection: the first route that matches is chosen, the others say why not", () => {
  const config = configOf(ROUTED);
  const { routes, targets } = ask(config, { sni: "A.Example.com.", alpn: ["http/1.1", "h2"] });
  assertEquals(routes.map(({ verdict }) => verdict), ["chosen", "shadowed"]);
  assertEquals(targets.map(({ address }) => address), ["10.0.1.1:443"]);
  const other = ask(config, { sni: "a.example.com" });
  assertEquals(other.routes.map(({ verdict }) => verdict), ["no_match", "chosen"]);
  assertStringIncludes(other.routes[0]?.why ?? "", 'no protocol is offered, expected "h2"');
  assertEquals(other.targets.map(({ address }) => address), ["10.0.2.1:443"]);
});

Deno.test("explainConnection: what no route takes goes to the app's own targets, or ends with no_route", () => {
  assertEquals(ask(configOf(ROUTED), { sni: "other.example" }).refusal?.reason, "no_route");
  const withOwn = ask(configOf({ ...ROUTED, targets: ["10.0.0.1:80"] }), { sni: "other.example" });
  assertEquals(withOwn.refusal, undefined);
  assertEquals(withOwn.targets.map(({ address }) => address), ["10.0.0.1:80"]);
  assertEquals(ask(configOf(ROUTED), { sni: "10.0.0.1" }).refusal?.reason, "no_route");
});

Deno.test("explainConnection: says how TLS begins, and what becomes of a client without it", () => {
  const tls = { certificates: [{ cert: "a.pem", key: "a.key" }] };
  const targets = ["10.0.0.1:5432"];
  const noteOf = (app: Record<string, unknown>): string | undefined =>
    ask(configOf({ ports: [7001], targets, ...app }), {}).notes.find((note) => note.includes("TLS"));
  assertEquals(noteOf({ tls }), "TLS ends here: a connection without TLS is closed");
  assertEquals(
    noteOf({ tls, starttls: "postgres" }),
    "TLS ends here, and begins behind PostgreSQL's SSLRequest: a connection without TLS is closed",
  );
  assertEquals(
    noteOf({ tls, starttls: { protocol: "mysql", plain: "allow" } }),
    "TLS ends here, and begins behind MySQL's greeting: a connection may go on without it",
  );
  const routes = [{ sni: ["a.example.com"], targets }];
  assertEquals(
    noteOf({ routes, starttls: "smtp" }),
    "TLS is passed on, and begins behind STARTTLS of SMTP: a connection without TLS is closed",
  );
});

Deno.test("explainConnection: where TLS ends here, routes go by the protocol that is agreed on", () => {
  const tls = { certificates: [{ cert: "a.pem", key: "a.key" }], alpn: ["http/1.1", "h2"] };
  const config = configOf({ ...ROUTED, tls });
  const both = ask(config, { sni: "a.example.com", alpn: ["h2", "http/1.1"] });
  assertEquals(both.routes.map(({ verdict }) => verdict), ["no_match", "chosen"]);
  const h2 = ask(config, { sni: "a.example.com", alpn: ["h2"] });
  assertEquals(h2.routes.map(({ verdict }) => verdict), ["chosen", "shadowed"]);
  assertEquals(ask(config, { sni: "a.example.com", alpn: ["imap"] }).refusal?.reason, "tls_error");
});

Deno.test("explainConnection: source_hash gives the order in which the proxy would try the targets", () => {
  const config = configOf({
    ports: [7001],
    targets: [...TARGETS, { address: "10.0.0.4:80", weight: 3 }, { address: "10.0.0.5:80", backup: true }],
    balance: "source_hash",
  });
  const client = fc.tuple(fc.nat(255), fc.nat(255)).map(([a, b]) => `192.0.${a}.${b}`);
  fc.assert(fc.property(client, (client) => {
    const pool = new Pool(
      config.apps[0]?.targets.map(({ address, label, weight, backup }) => {
        return { address, label, weight, tier: backup ? 1 : 0 };
      }) ?? [],
      { balance: "source_hash" },
    );
    const candidates = pool.begin(7001, { clientHash: clientHash(client) });
    const expected = Array.from({ length: 5 }, () => candidates.next()?.label);
    assertEquals(ask(config, { client }).targets.map(({ address }) => address), expected);
  }));
});

Deno.test("explainConnection: source_hash shows the key that it goes by", () => {
  const asked = (hashKey: unknown, sni?: string): string => {
    const config = configOf({
      ports: [7001],
      targets: TARGETS,
      balance: "source_hash",
      ["hash_key"]: hashKey,
      ["proxy_protocol"]: { accept: "required", from: ["10.0.0.0/8"] },
    });
    const { targets, notes } = ask(config, { client: "192.0.2.77", ...(sni === undefined ? {} : { sni }) });
    return [targets[0]?.why, ...notes].join("\n");
  };
  assertStringIncludes(asked("client"), "choice 1 for 192.0.2.77 by source_hash");
  assertStringIncludes(asked({ subnet: [24, 64] }), "choice 1 for 192.0.2.0/24 by source_hash");
  assertStringIncludes(asked("sni", "www.example.com"), "choice 1 for www.example.com by source_hash");
  assertStringIncludes(asked("sni"), "choice 1 for 192.0.2.77 by source_hash");
  assertStringIncludes(asked({ tlv: 0xea }), "source_hash goes by the field 0xEA of the PROXY header");
});

Deno.test("explainConnection: every other strategy lists the config's order, backups last, and says what decides", () => {
  const decides = {
    random: "the start is random (weight 1 of 3)",
    ["round_robin"]: "each in turn (weight 1 of 3)",
    ["least_connections"]: "the fewest connections for its weight first (weight 1 of 3)",
    ["random_two"]: "two drawn at random (weight 1 of 3)",
    first: "number 1 in the config's order",
  };
  for (const balance of BALANCE_STRATEGIES) {
    if (balance === "source_hash") continue;
    const config = configOf({
      ports: [7001],
      targets: [{ address: "10.0.0.9:80", backup: true }, "10.0.0.1:80", {
        address: "10.0.0.2:80",
        ...(balance === "first" ? {} : { weight: 2 }),
      }],
      balance,
    });
    const { targets } = ask(config);
    assertEquals(
      targets.map(({ address, backup }) => [address, backup]),
      [["10.0.0.1:80", false], ["10.0.0.2:80", false], ["10.0.0.9:80", true]],
    );
    assertStringIncludes(targets[0]?.why ?? "", decides[balance]);
    assertEquals(targets[2]?.why, "backup, for when no other answers: the only one");
  }
});

Deno.test("explainConnection: host:* is the port that the client came to", () => {
  const config = configOf({ ports: [7001, 7002], targets: ["10.0.0.1:*"] });
  for (const port of [7001, 7002]) {
    const { targets } = ask(config, { to: { kind: "port", port } });
    assertEquals(targets.map(({ address }) => address), [`10.0.0.1:${port}`]);
  }
});

Deno.test("explainConnection: what discovery finds is named as such", () => {
  const entry = { address: "db.internal:5432", discover: "dns" };
  for (const balance of ["random", "source_hash"]) {
    const config = configOf({ ports: [7001], targets: [entry, "10.0.0.1:80"], balance });
    const found = ask(config).targets.find(({ address }) => address === "db.internal:5432");
    assertStringIncludes(found?.why ?? "", "discovered while running (dns)");
    assertEquals(ask(config).targets.length, 2);
  }
});

Deno.test("explainConnection: a target of weight 0 is left out, and a note says so", () => {
  const off = { address: "10.0.0.9:80", weight: 0 };
  const some = ask(configOf({ ports: [7001], targets: ["10.0.0.1:80", off] }));
  assertEquals(some.targets.map(({ address }) => address), ["10.0.0.1:80"]);
  assertStringIncludes(some.notes.join("\n"), "10.0.0.9:80 has weight 0");
});

Deno.test("explainConnection: notes speak of the PROXY header, limits and faults, and only where there are some", () => {
  const notes = ask(configOf({
    ports: [7001],
    targets: TARGETS,
    ["proxy_protocol"]: { accept: "required", from: ["10.0.0.0/8"] },
    ["max_connections_per_client"]: 5,
    ["accept_rate_per_client"]: "30/m",
    faults: [{ kind: "refuse", probability: 0.5 }, { kind: "black_hole", clients: ["10.0.0.0/8"] }],
  })).notes.join("\n");
  assertStringIncludes(notes, "a PROXY header must come first, from 10.0.0.0/8 alone");
  const optional = configOf({
    ports: [7001],
    targets: TARGETS,
    ["proxy_protocol"]: { accept: "optional", from: ["10.0.0.0/8"] },
  });
  assertStringIncludes(ask(optional).notes.join("\n"), "a PROXY header may come first from 10.0.0.0/8");
  assertStringIncludes(notes, "5 connections at once");
  assertStringIncludes(notes, "30/m");
  assertStringIncludes(notes, 'the fault "refuse" is done to it with probability 0.5');
  assertEquals(notes.includes("black_hole"), false);
  assertEquals(ask(configOf({ ports: [7001], targets: TARGETS })).notes, [
    "targets are taken to be up and idle, as a config knows no more",
  ]);
});

Deno.test("explainConnection: a unix socket's client is let in by the permissions of the file", () => {
  const config = configOf({ listen: ["unix:/tmp/x.sock"], targets: TARGETS, deny: ["0.0.0.0/0"] });
  const { admission, targets } = ask(config, { to: parseAddress("unix:/tmp/x.sock"), client: undefined });
  assertEquals([admission.allowed, targets.length], [true, 3]);
});

Deno.test("explainConnection: a note tells of further rounds, where there are some", () => {
  const { notes } = ask(configOf({
    ports: [7001],
    targets: TARGETS,
    retry: { tries: 5, pause: "2s" },
    ["connect_deadline"]: "20s",
  }));
  assertStringIncludes(
    notes.join("\n"),
    "when all targets have failed, they are dialed again after 2s: 5 dials in all, within 20s",
  );
});
