import { assertEquals } from "@std/assert";
import { stringify } from "@std/yaml/stringify";
import { ConfigDocument, effectiveConfig, formatPath } from "../../../lib/config/mod.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";

/** The paths of what a config says without effect. */
async function idleOf(text: string): Promise<string[]> {
  await using folder = new TemporaryFolder();
  const document = await ConfigDocument.load(await folder.write("c.yaml", text));
  return (await document.warnings()).map(({ path }) => formatPath(path));
}

/** Those of one app that listens on a port and has a target, unless it says otherwise. */
function idleOfApp(lines: string, head = ""): Promise<string[]> {
  return idleOf(`${head}\napps:\n  - name: a\n    ${lines.replaceAll("\n", "\n    ")}\n`);
}

const PLAIN = `ports: [1]\ntargets: ["h:1"]`;
const UNIX = `listen: ["unix:/run/x"]\ntargets: ["h:1"]`;
const ROUTED = `ports: [1]\nroutes: [{ sni: [a.example], targets: ["h:1"] }]`;
const TLS = `tls: { certificates: [{ cert: a, key: b }] }`;

Deno.test("warnings: an interval of an access log that is off", async () => {
  const head = (access: string): string => `log: { access: ${access}, access_interval: 5m }`;
  assertEquals(await idleOfApp(PLAIN, head("off")), ["log.access_interval"]);
  assertEquals(await idleOfApp(PLAIN, head("true")), []);
  assertEquals(await idleOfApp(PLAIN, `log: { access: off, access_interval: off }`), []);
});

Deno.test("warnings: an option that does something is none", async () => {
  const apps = [
    `${PLAIN}\nhealth_check: {}\non_target_down: close`,
    `${ROUTED}\nclient_hello_timeout: 3s`,
    `${ROUTED}\n${TLS}\ntarget_tls: {}`,
    `ports: [1]\nroutes: [{ targets: ["h:1"] }]\ntarget_tls: {}`,
    `${PLAIN}\nproxy_protocol: { accept: required, from: [10.0.0.0/8], timeout: 1s }`,
    `${PLAIN}\nbalance: source_hash\nhash_key: sni\nclient_hello_timeout: 100ms`,
    `${PLAIN}\nbalance: source_hash\nhash_key: { subnet: [24, 64] }`,
    `${UNIX}\nbalance: source_hash\nhash_key: sni`,
    `${PLAIN}\nproxy_protocol: { accept: optional, from: [10.0.0.0/8], timeout: 100ms }`,
    `${PLAIN}\nbalance: source_hash\nallow: [10.0.0.0/8]\nmax_connections_per_client: 1`,
    `listen: ["unix:/run/x", "127.0.0.1:1"]\ntargets: ["h:1"]\nallow: [10.0.0.0/8]`,
    `${UNIX}\nallow: [10.0.0.0/8]\nproxy_protocol: { accept: required, from: [10.0.0.0/8] }`,
    `${UNIX}\nmax_connections: 5\naccept_rate: 5/s`,
    `${PLAIN}\nretry: {}`,
    `${PLAIN}\nretry: { pause: 20s }\nconnect_deadline: 1m`,
  ];
  for (const app of apps) assertEquals(await idleOfApp(app), [], app);
});

Deno.test("warnings: what is built in may be said where it makes no difference", async () => {
  assertEquals(
    await idleOfApp(
      `${UNIX}\non_target_down: keep\nclient_hello_timeout: 5s\nproxy_protocol: { timeout: 3s }
balance: random\nallow: []\nmax_connections_per_client: off\ntarget_tls: off`,
    ),
    [],
  );
  await using folder = new TemporaryFolder();
  const document = await ConfigDocument.load(
    await folder.write("c.yaml", `apps: [{ name: a, ${PLAIN.replace("\n", ", ")} }]`),
  );
  assertEquals(await idleOf(stringify(effectiveConfig(document.config))), []);
});

Deno.test("warnings: an app's option is judged with what defaults say of the others", async () => {
  assertEquals(await idleOfApp(`${PLAIN}\non_target_down: close`), ["apps[0].on_target_down"]);
  assertEquals(await idleOfApp(`${PLAIN}\non_target_down: close`, "defaults: { health_check: {} }"), []);
  assertEquals(
    await idleOfApp(`${PLAIN}\non_target_down: close\nhealth_check: off`, "defaults: { health_check: {} }"),
    ["apps[0].on_target_down"],
  );
  assertEquals(await idleOfApp(`${PLAIN}\nretry: {}`, "defaults: { connect_deadline: 1s }"), [
    "apps[0].retry",
  ]);
  assertEquals(await idleOfApp(`${PLAIN}\nretry: { pause: 20s }`, "defaults: { connect_deadline: 30s }"), []);
  assertEquals(await idleOfApp(`${PLAIN}\nconnect_deadline: 1s`, "defaults: { retry: {} }"), []);
  assertEquals(await idleOfApp(`${ROUTED}\nclient_hello_timeout: 3s`, `defaults: { ${TLS} }`), [
    "apps[0].client_hello_timeout",
  ]);
});

Deno.test("warnings: what an app has from defaults, a merge key or behind an alias is none", async () => {
  assertEquals(await idleOfApp(PLAIN, "defaults: { on_target_down: close, client_hello_timeout: 3s }"), []);
  const merged = `apps:
  - &base { name: a, ports: [1], targets: ["h:1"], health_check: {}, on_target_down: close }
  - { <<: *base, name: b, ports: [2], health_check: off }
  - { <<: *base, name: c, ports: [3], health_check: off, on_target_down: close }`;
  assertEquals(await idleOf(merged), ["apps[2].on_target_down"]);
  const aliased = `apps:
  - { name: a, ports: [1], targets: ["h:1"], proxy_protocol: &pp { send: v1, timeout: 9s } }
  - { name: b, ports: [2], targets: ["h:1"], proxy_protocol: *pp }`;
  assertEquals(await idleOf(aliased), ["apps[0].proxy_protocol.timeout"]);
});

Deno.test("warnings: the shipped config has none", async () => {
  assertEquals((await ConfigDocument.embedded()).config.apps.length, 4);
  assertEquals(await (await ConfigDocument.embedded()).warnings(), []);
});
