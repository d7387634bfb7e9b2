import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/yaml/parse";
import fc from "fast-check";
import { detectFormat, IMPORT_FORMATS, translate } from "../../lib/import/mod.ts";
import { anyText } from "../helpers/any_text.ts";
import { haproxyTexts, nginxTexts } from "./any_config.ts";

const TEXTS = { haproxy: haproxyTexts, nginx: nginxTexts };

for (const format of IMPORT_FORMATS) {
  Deno.test(`translate: makes YAML of any text that looks like ${format}'s, and places each note in it`, () => {
    fc.assert(
      fc.property(TEXTS[format], (text) => {
        const { yaml, apps, notes } = translate(text, { format, file: "x" });
        const value = parse(yaml) as { apps: unknown[] };
        assertEquals(value.apps.length, apps);
        const lines = text.split("\n").length;
        for (const { line } of notes) assert(line >= 0 && line <= lines, `${line} of ${lines}`);
      }),
      { numRuns: 300 },
    );
  });

  Deno.test(`translate: takes any text at all for ${format}'s`, () => {
    fc.assert(fc.property(anyText({ maxLength: 200 }), (text) => {
      parse(translate(text, { format, file: "x" }).yaml);
    }));
  });
}

Deno.test("detectFormat: takes any text, and does not guess", () => {
  fc.assert(fc.property(anyText(), (text) => void detectFormat(text)));
  assertEquals(detectFormat(""), undefined);
  assertEquals(detectFormat("hello\nworld"), undefined);
  assertEquals(detectFormat("listen a\n  bind :1\n"), "haproxy");
  assertEquals(detectFormat("server { listen 1; }"), "nginx");
});

/** The app that a config of one listener becomes. */
function appOf(format: "haproxy" | "nginx", text: string): Record<string, unknown> {
  const { yaml, apps } = translate(text, { format, file: "x" });
  assertEquals(apps, 1, yaml);
  return (parse(yaml) as { apps: Record<string, unknown>[] }).apps[0] ?? {};
}

/** The app of a `listen` section with these lines. */
function listen(...lines: readonly string[]): Record<string, unknown> {
  return appOf("haproxy", ["listen a", "bind :80", "server s 10.0.0.1:80", ...lines].join("\n"));
}

/** What is left out of a `listen` section with these lines. */
function leftOut(...lines: readonly string[]): string[] {
  const text = ["listen a", "bind :80", "server s 10.0.0.1:80", ...lines].join("\n");
  return translate(text, { format: "haproxy", file: "x" }).notes
    .filter(({ kind }) => kind === "left_out").map(({ text }) => text);
}

const BALANCES: readonly [string, string, unknown?][] = [
  ["roundrobin", "round_robin"],
  ["static-rr", "round_robin"],
  ["leastconn", "least_connections"],
  ["first", "first"],
  ["source", "source_hash"],
  ["random", "random_two"],
  ["random(1)", "random"],
  ["hash src", "source_hash"],
  ["hash req.ssl_sni", "source_hash", "sni"],
  ["hash src,ipmask(24)", "source_hash", { subnet: [24, 128] }],
];

for (const [theirs, balance, hashKey] of BALANCES) {
  Deno.test(`translate: HAProxy's balance ${theirs} is ${balance}`, () => {
    const app = listen(`balance ${theirs}`);
    assertEquals([app.balance, app.hash_key], [balance, hashKey]);
  });
}

Deno.test("translate: a strategy by what only HTTP has is left out, and the targets take turns", () => {
  assertEquals(listen("balance uri").balance, "round_robin");
  assert(leftOut("balance uri")[0]?.startsWith("balance uri: "));
});

Deno.test("translate: the timeouts of HAProxy become the limits that they come to", () => {
  const app = listen("timeout connect 2s", "timeout client 1m", "timeout server 90000", "retries 1");
  assertEquals(
    [app.connect_timeout, app.connect_deadline, app.idle_timeout, app.half_close_timeout],
    ["2s", "4s", "1m", undefined],
  );
  const tunnel = listen(
    "timeout client 1m",
    "timeout server 1m",
    "timeout tunnel 1d",
    "timeout client-fin 10s",
  );
  assertEquals([tunnel.idle_timeout, tunnel.half_close_timeout], ["24h", "10s"]);
  const none = listen();
  assertEquals([none.idle_timeout, none.half_close_timeout, none.connect_timeout], ["off", "off", undefined]);
});

Deno.test("translate: a later defaults section replaces the one before, and a named one is asked for by name", () => {
  const text = `defaults first
 timeout client 1s
 timeout server 1s
defaults
 timeout client 2s
 timeout server 2s
listen a from first
 bind :1
 server s 10.0.0.1:1
listen b
 bind :2
 server s 10.0.0.1:1`;
  const { apps } = parse(translate(text, { format: "haproxy", file: "x" }).yaml) as {
    apps: { idle_timeout: string }[];
  };
  assertEquals(apps.map((app) => app.idle_timeout), ["1s", "2s"]);
});

Deno.test("translate: a condition with or is two routes' worth of names, one with not is left out", () => {
  const text = (condition: string): string =>
    `frontend f\n bind :443\n acl a req.ssl_sni -i A.example.com\n acl b req.ssl_sni b.example.com\n` +
    ` use_backend x if ${condition}\n default_backend y\nbackend x\n server s 10.0.0.1:1\nbackend y\n server s 10.0.0.2:1\n`;
  const target = ["10.0.0.1:1"];
  assertEquals(appOf("haproxy", text("a or b")).routes, [{
    sni: ["a.example.com", "b.example.com"],
    targets: target,
  }]);
  assertEquals(appOf("haproxy", text("a || { req.ssl_sni -m end .c.example.com }")).routes, [{
    sni: ["a.example.com", "*.c.example.com"],
    targets: target,
  }]);
  assertEquals(appOf("haproxy", text("!a")).routes, undefined);
  assertEquals(appOf("haproxy", text("a b")).routes, undefined);
});

Deno.test("translate: rules by address allow and deny", () => {
  assertEquals(listen("tcp-request connection reject if { src 10.0.0.9 }").deny, ["10.0.0.9"]);
  assertEquals(listen("tcp-request connection reject unless { src 10.0.0.0/8 }").allow, ["10.0.0.0/8"]);
  assertEquals(listen("tcp-request connection reject if !{ src 10.0.0.1/8 }").allow, ["10.0.0.0/8"]);
  const both = listen("acl ok src 10.0.0.0/8 192.168.0.0/255.255.0.0", "tcp-request connection accept if ok");
  assertEquals(both.allow, ["10.0.0.0/8", "192.168.0.0/16"]);
});

Deno.test("translate: the address to dial from needs the native engine, which is set", () => {
  const whole = (format: "haproxy" | "nginx", text: string): Record<string, unknown> =>
    parse(translate(text, { format, file: "x" }).yaml) as Record<string, unknown>;
  const haproxy = "listen a\n bind :80\n server s 10.0.0.1:80\n";
  for (const source of [" source 10.0.0.9:1024-2048\n", " server t 10.0.0.2:80 source 10.0.0.9\n"]) {
    assertEquals(whole("haproxy", haproxy + source).engine, "native");
    assertEquals(appOf("haproxy", haproxy + source).source, ["10.0.0.9"]);
  }
  assertEquals(appOf("haproxy", `${haproxy} source 0.0.0.0 usesrc clientip\n`).transparent, true);
  const nginx = "server { listen 1; proxy_pass 10.0.0.1:1; proxy_bind $remote_addr transparent; }";
  assertEquals(appOf("nginx", nginx).transparent, true);
  assertEquals(whole("nginx", "server { listen 1; proxy_pass 10.0.0.1:1; }").engine, undefined);
});

Deno.test("translate: TLS without a certificate in a file is never served in plain text", () => {
  const haproxy = "listen a\n bind :443 ssl crt /etc/certs\n bind :80\n server s 10.0.0.1:1\n";
  assertEquals(appOf("haproxy", haproxy).ports, [80]);
  const nginx = "server { listen 443 ssl; proxy_pass 10.0.0.1:1; }";
  assertEquals(translate(nginx, { format: "nginx", file: "x" }).apps, 0);
});

Deno.test("translate: a check of HAProxy has the same bytes", () => {
  const { health_check: check } = listen(
    "option tcp-check",
    "tcp-check send-binary 00FF0a",
    "tcp-check expect binary 4f4b",
    'tcp-check send "A B\\r\\n"',
    "tcp-check expect ! string -ERR",
    "default-server check inter 500",
    "server t 10.0.0.2:80",
  ) as { health_check: Record<string, unknown> };
  assertEquals(check, {
    interval: "500ms",
    timeout: "500ms",
    steps: [{ send: "\\x00\\xff\\x0a", expect: "\\x4f\\x4b" }, { send: "A B\\r\\n", expect_not: "-ERR" }],
  });
});

Deno.test("translate: what nginx counts in seconds and in units of 1024 is so", () => {
  const app = appOf("nginx", "server { listen 1; proxy_pass a:1; proxy_timeout 90; proxy_upload_rate 64k; }");
  assertEquals([app.idle_timeout, app.bandwidth], ["90s", { upload: "64KiB/s" }]);
});

Deno.test("translate: nginx's order of allow and deny is kept where ours can", () => {
  const app = appOf("nginx", "server { listen 1; allow 10.0.0.0/8; deny all; proxy_pass a:1; }");
  assertEquals([app.allow, app.deny], [["10.0.0.0/8"], undefined]);
  const open = appOf("nginx", "server { listen 1; deny 10.0.0.1; allow all; proxy_pass a:1; }");
  assertEquals([open.allow, open.deny], [undefined, ["10.0.0.1"]]);
});

Deno.test("translate: an exact name comes before a pattern, whatever nginx's order", () => {
  const app = appOf(
    "nginx",
    "map $ssl_preread_server_name $b { hostnames; *.example.com 10.0.0.1:1; www.example.com 10.0.0.2:1; }" +
      "server { listen 1; ssl_preread on; proxy_pass $b; }",
  );
  assertEquals(app.routes, [
    { sni: ["www.example.com"], targets: ["10.0.0.2:1"] },
    { sni: ["*.example.com"], targets: ["10.0.0.1:1"] },
  ]);
});

Deno.test("translate: what could be read in many ways is read in one", () => {
  // Each would take for ever if a pattern tried every way to divide it.
  for (
    const text of ["1".repeat(5000) + "x", "a-".repeat(5000) + "!", "${".repeat(5000), "\\".repeat(5000)]
  ) {
    for (const before of ["listen a\n timeout client ", "listen a\n bind ", "server { proxy_timeout "]) {
      for (const format of IMPORT_FORMATS) translate(before + text, { format, file: "x" });
    }
  }
});
