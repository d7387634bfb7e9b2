/**
 * A config and its translation do the same: the original is run by HAProxy or nginx, the translation by this proxy, and
 * both are asked the same.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { utf8 } from "../helpers/bytes.ts";
import { missingTools } from "../helpers/programs/tools.ts";
import { missingNginx } from "../helpers/servers/nginx.ts";
import { alpn, buildHello, serverName } from "../helpers/tls/client_hello.ts";
import { type Ask, type SideBySide, sideBySide, tally } from "./side_by_side.ts";

/** One comparison, and what both must say so that they are not wrong alike. */
interface Case extends SideBySide {
  readonly name: string;
  readonly expected: unknown;
}

/** With one thread, connections are served in the order in which they come. */
const HAPROXY = `global
  nbthread 1
defaults
  mode tcp
  timeout connect 5s
  timeout client 30s
  timeout server 30s
`;

const NOTHING = new Uint8Array();

/** The names of targets that clients of these server names come to. */
function byName(...names: readonly (string | undefined)[]): (ask: Ask) => Promise<unknown> {
  return async (ask) => {
    const answers: Record<string, string> = {};
    for (const name of names) {
      const extensions = name === undefined ? [] : [serverName(name)];
      answers[name ?? "none"] = await ask(buildHello({ extensions }));
    }
    return answers;
  };
}

const CASES: readonly Case[] = [
  {
    name: "weights of round robin",
    format: "haproxy",
    config: `${HAPROXY}
frontend f
  bind 127.0.0.1:{front}
  default_backend b
backend b
  server a 127.0.0.1:{a} weight 2
  server b 127.0.0.1:{b}
  server c 127.0.0.1:{c} disabled
`,
    ask: (ask) => tally(ask, 12),
    expected: { a: 8, b: 4 },
  },
  {
    name: "routes by server name and protocol",
    format: "haproxy",
    config: `${HAPROXY}
frontend f
  bind 127.0.0.1:{front}
  tcp-request inspect-delay 30s
  tcp-request content accept if { req.ssl_hello_type 1 }
  acl api req.ssl_sni -i api.example.com
  use_backend b if api or { req.ssl_sni -m end .api.example.com }
  use_backend c if { req.ssl_sni -i grpc.example.com } { req.ssl_alpn h2 }
  default_backend a
backend a
  server a 127.0.0.1:{a}
backend b
  server b 127.0.0.1:{b}
backend c
  server c 127.0.0.1:{c}
`,
    ask: async (ask) => [
      await byName("api.example.com", "API.example.com", "x.api.example.com", "xapi.example.com", undefined)(
        ask,
      ),
      await ask(buildHello({ extensions: [serverName("grpc.example.com"), alpn("h2", "http/1.1")] })),
      await ask(buildHello({ extensions: [serverName("grpc.example.com"), alpn("http/1.1")] })),
    ],
    expected: [
      {
        "api.example.com": "b",
        "API.example.com": "b",
        "x.api.example.com": "b",
        "xapi.example.com": "a",
        none: "a",
      },
      "c",
      "a",
    ],
  },
  {
    name: "PROXY headers to each server",
    format: "haproxy",
    config: `${HAPROXY}
listen f
  bind 127.0.0.1:{front}
  server a 127.0.0.1:{a} send-proxy
  server b 127.0.0.1:{b} send-proxy-v2
  server c 127.0.0.1:{c}
`,
    ask: (ask) => tally(ask, 6),
    expected: {
      "a PROXY TCP4 127.0.0.1 127.0.0.1": 2,
      "b 0d0a0d0a000d0a515549540a2111000c7f0000017f000001--------": 2,
      c: 2,
    },
  },
  {
    name: "PROXY headers in, and on",
    format: "haproxy",
    config: `${HAPROXY}
listen f
  bind 127.0.0.1:{front} accept-proxy
  tcp-request content reject if { src 192.0.2.66 }
  server a 127.0.0.1:{a} send-proxy
`,
    ask: async (ask) => [
      await ask(NOTHING, utf8("PROXY TCP4 192.0.2.7 198.51.100.1 1000 443\r\n")),
      await ask(NOTHING, utf8("PROXY TCP4 192.0.2.66 198.51.100.1 1000 443\r\n")),
      await ask(NOTHING, utf8("PROXY NONSENSE\r\n")),
    ],
    expected: ["a PROXY TCP4 192.0.2.7 198.51.100.1", "closed", "closed"],
  },
  {
    name: "backups while the others are down",
    format: "haproxy",
    config: `${HAPROXY}
listen f
  bind 127.0.0.1:{front}
  server a 127.0.0.1:{dead} check inter 100ms fall 1
  server b 127.0.0.1:{b} check inter 100ms backup
`,
    ready: async (ask) => await ask() === "b",
    ask: (ask) => tally(ask, 4),
    expected: { b: 4 },
  },
  {
    name: "the first server that is up",
    format: "haproxy",
    config: `${HAPROXY}
listen f
  bind 127.0.0.1:{front}
  balance first
  server a 127.0.0.1:{a}
  server b 127.0.0.1:{b}
`,
    ask: (ask) => tally(ask, 4),
    expected: { a: 4 },
  },
  {
    name: "one server for one client",
    format: "haproxy",
    config: `${HAPROXY}
listen f
  bind 127.0.0.1:{front}
  balance source
  server a 127.0.0.1:{a}
  server b 127.0.0.1:{b}
  server c 127.0.0.1:{c}
`,
    ask: async (ask) => Object.values(await tally(ask, 6)),
    expected: [6],
  },
  {
    name: "clients that are refused",
    format: "haproxy",
    config: `${HAPROXY}
listen f
  bind 127.0.0.1:{front}
  tcp-request connection reject if { src 127.0.0.0/8 }
  server a 127.0.0.1:{a}
`,
    ask: (ask) => tally(ask, 2),
    expected: { closed: 2 },
  },
  {
    name: "clients that are let in, among others that are not",
    format: "haproxy",
    config: `${HAPROXY}
listen f
  bind 127.0.0.1:{front}
  tcp-request connection reject if !{ src 127.0.0.1/8 } !{ src 10.0.0.0/8 }
  server a 127.0.0.1:{a}
`,
    ask: (ask) => tally(ask, 2),
    expected: { a: 2 },
  },
  {
    name: "a check that sends and expects",
    format: "haproxy",
    config: `${HAPROXY}
listen f
  bind 127.0.0.1:{front}
  option tcp-check
  tcp-check send PING-END!
  tcp-check expect rstring ^b\\ PING
  default-server check inter 100ms rise 1 fall 1
  server a 127.0.0.1:{a}
  server b 127.0.0.1:{b}
`,
    ready: async (ask) => JSON.stringify(await tally(ask, 2)) === '{"b":2}',
    ask: (ask) => tally(ask, 4),
    expected: { b: 4 },
  },
  {
    name: "weights of round robin, and a server that is down",
    format: "nginx",
    config: `
upstream u { server 127.0.0.1:{a} weight=2; server 127.0.0.1:{b}; server 127.0.0.1:{c} down; }
server { listen 127.0.0.1:{front}; proxy_pass u; }
`,
    ask: (ask) => tally(ask, 12),
    expected: { a: 8, b: 4 },
  },
  {
    name: "routes of a map by server name",
    format: "nginx",
    config: `
map $ssl_preread_server_name $name {
  hostnames;
  *.example.com     a;
  api.example.com   b;
  .mail.example.com c;
  default           a;
}
upstream a { server 127.0.0.1:{a}; }
upstream b { server 127.0.0.1:{b}; }
upstream c { server 127.0.0.1:{c}; }
server { listen 127.0.0.1:{front}; ssl_preread on; proxy_pass $name; proxy_protocol on; }
`,
    ask: byName(
      "api.example.com",
      "mail.example.com",
      "x.mail.example.com",
      "www.example.com",
      "other.org",
      undefined,
    ),
    expected: {
      "api.example.com": "b PROXY TCP4 127.0.0.1 127.0.0.1",
      "mail.example.com": "c PROXY TCP4 127.0.0.1 127.0.0.1",
      "x.mail.example.com": "c PROXY TCP4 127.0.0.1 127.0.0.1",
      "www.example.com": "a PROXY TCP4 127.0.0.1 127.0.0.1",
      "other.org": "a PROXY TCP4 127.0.0.1 127.0.0.1",
      none: "a PROXY TCP4 127.0.0.1 127.0.0.1",
    },
  },
  {
    name: "the next server when one refuses, and a backup behind them",
    format: "nginx",
    config: `
upstream u { server 127.0.0.1:{dead}; server 127.0.0.1:{b}; server 127.0.0.1:{c} backup; }
server { listen 127.0.0.1:{front}; proxy_pass u; }
`,
    ask: (ask) => tally(ask, 6),
    expected: { b: 6 },
  },
  {
    name: "who is let in",
    format: "nginx",
    config: `
server { listen 127.0.0.1:{front}; deny 10.0.0.0/8; allow 127.0.0.1/8; deny all; proxy_pass 127.0.0.1:{a}; }
`,
    ask: (ask) => tally(ask, 2),
    expected: { a: 2 },
  },
  {
    name: "who is not",
    format: "nginx",
    config: `
server { listen 127.0.0.1:{front}; allow 10.0.0.0/8; deny all; proxy_pass 127.0.0.1:{a}; }
`,
    ask: (ask) => tally(ask, 2),
    expected: { closed: 2 },
  },
  {
    name: "one server for one client",
    format: "nginx",
    config: `
upstream u { hash $remote_addr consistent; server 127.0.0.1:{a}; server 127.0.0.1:{b}; server 127.0.0.1:{c}; }
server { listen 127.0.0.1:{front}; proxy_pass u; }
`,
    ask: async (ask) => Object.values(await tally(ask, 6)),
    expected: [6],
  },
];

const MISSING = { haproxy: missingTools("haproxy"), nginx: missingNginx() };

for (const { name, expected, ...given } of CASES) {
  const missing = MISSING[given.format];
  Deno.test({
    name: `import: ${given.format}, ${name}${missing.length > 0 ? ` (needs ${missing.join(", ")})` : ""}`,
    ignore: missing.length > 0,
    fn: async () => assertEquals(await sideBySide(given), expected),
  });
}
