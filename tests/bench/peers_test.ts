import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { resolveConfig } from "../../lib/config/mod.ts";
import { haproxyConfig, nginxConfig, PEERS, tcpproxyConfig } from "../../bench/peers/mod.ts";
import type { ForwardOption, Plan } from "../../bench/peer.ts";

const PLAN: Plan = {
  forwards: [
    { listen: [1001, 1002], targets: ["127.0.0.1:80", "127.0.0.2:80"] },
    { listen: [1003], targets: ["127.0.0.1:81"] },
  ],
  threads: 2,
};

Deno.test("peers: each has an id of its own", () => {
  assertEquals(new Set(PEERS.map((peer) => peer.id)).size, PEERS.length);
});

Deno.test("haproxyConfig: a listener for each port, a server for each target, on loopback alone", () => {
  const text = haproxyConfig(PLAN, { splice: true });
  assertEquals(text.match(/bind 127\.0\.0\.1:\d+/g)?.length, 3);
  assertEquals(text.match(/server target\d/g)?.length, 3);
  assertStringIncludes(text, "nbthread 2");
  assertStringIncludes(text, "  option splice-request\n");
});

Deno.test("haproxyConfig: splicing is off unless asked for", () => {
  assertEquals(haproxyConfig(PLAN, { splice: false }).includes("splice"), false);
});

Deno.test("nginxConfig: an upstream for each forward, on loopback alone, its files in the scratch folder", () => {
  const text = nginxConfig(PLAN, "/scratch/nginx.pid");
  assertEquals(text.match(/listen 127\.0\.0\.1:\d+/g)?.length, 3);
  assertEquals(text.match(/^ {4}server 127/gm)?.length, 3);
  assertMatch(text, /worker_processes 2;/);
  assertMatch(text, /pid \/scratch\/nginx\.pid;/);
});

Deno.test("tcpproxyConfig: an app for each forward, workers only when there are several", () => {
  const config = tcpproxyConfig(PLAN);
  assertEquals(config.workers, 2);
  assertEquals(config.log, { access: false });
  assertEquals(config.apps, [
    {
      name: "app0",
      host: "127.0.0.1",
      ports: [1001, 1002],
      targets: ["127.0.0.1:80", "127.0.0.2:80"],
    },
    { name: "app1", host: "127.0.0.1", ports: [1003], targets: ["127.0.0.1:81"] },
  ]);
  assertEquals("workers" in tcpproxyConfig({ ...PLAN, threads: 1 }), false);
});

const CERTIFICATE = { cert: "/c.pem", key: "/c.key", both: "/both.pem" };

function planOf(option: ForwardOption): Plan {
  return {
    forwards: [{ listen: [1001], targets: ["127.0.0.1:80"], option, certificate: CERTIFICATE }],
    threads: 1,
  };
}

Deno.test("tcpproxyConfig: each option of a forward is one that the proxy understands", () => {
  const written: Record<ForwardOption, unknown> = {
    "proxy_v1": { "proxy_protocol": { send: "v1" } },
    "proxy_v2": { "proxy_protocol": { send: "v2" } },
    "client_hello": { routes: [{ sni: ["localhost"], targets: ["127.0.0.1:80"] }] },
    tls: { tls: { certificates: [{ cert: "/c.pem", key: "/c.key" }] } },
    "target_tls": { "target_tls": { ca: "/c.pem", "server_name": "localhost" } },
  };
  for (const [option, expected] of Object.entries(written)) {
    const config = tcpproxyConfig(planOf(option as ForwardOption));
    const app = { name: "app0", host: "127.0.0.1", ports: [1001], targets: ["127.0.0.1:80"] };
    assertEquals(config.apps, [{ ...app, ...expected as Record<string, unknown> }]);
    assertEquals(resolveConfig(config, { source: option }).apps.length, 1);
  }
});

Deno.test("haproxyConfig: each option of a forward is on its bind, its server, or a rule", () => {
  const lines: Record<ForwardOption, string> = {
    "proxy_v1": "  server target0 127.0.0.1:80 send-proxy\n",
    "proxy_v2": "  server target0 127.0.0.1:80 send-proxy-v2\n",
    "client_hello": "  tcp-request content accept if { req.ssl_sni -i localhost }\n",
    tls: "  bind 127.0.0.1:1001 ssl crt /both.pem\n",
    "target_tls": " ssl verify required ca-file /c.pem sni str(localhost) verifyhost localhost\n",
  };
  for (const [option, line] of Object.entries(lines)) {
    assertStringIncludes(haproxyConfig(planOf(option as ForwardOption), { splice: false }), line);
  }
});
