import { assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { METRICS } from "../../lib/metrics/mod.ts";
import { CertificateFolder } from "../helpers/tls/certificates.ts";
import { connectTo, exchange } from "../helpers/clients.ts";
import { dashboardQueries, filledIn } from "../helpers/proxy/dashboard.ts";
import { freePort, freePorts } from "../helpers/free_ports.ts";
import { type Program, program } from "../helpers/programs/program.ts";
import { Prometheus } from "../helpers/servers/prometheus.ts";
import { echo, TestTarget } from "../helpers/targets.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { missingTools } from "../helpers/programs/tools.ts";

const DEPLOY = fileURLToPath(new URL("../../deploy/prometheus/", import.meta.url));
const HELLO = new TextEncoder().encode("hello\n");

for (
  const [what, ...args] of [
    ["the alert rules are valid", "check", "rules", "tcpproxy.rules.yml"],
    ["the example is valid", "check", "config", "prometheus.yml"],
    ["the alert rules fire when they should, and only then", "test", "rules", "tcpproxy.rules.test.yml"],
  ] as const
) {
  withTools(`deploy/prometheus: ${what}`, ["promtool"], async () => {
    assertEquals(await promtool(args), { code: 0, errors: "" });
  });
}

for (const workers of [1, 2]) {
  withTools(`GET /metrics: promtool finds nothing to complain of, with workers: ${workers}`, [
    "promtool",
    "openssl",
  ], async () => {
    await withRunning(workers, async ({ adminPort }) => {
      const response = await fetch(`http://127.0.0.1:${adminPort}/metrics`);
      const text = await response.text();
      assertEquals(await promtool(["check", "metrics"], text), { code: 0, errors: "" });
      const names = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name);
      assertEquals(names, Object.values(METRICS).map(({ name }) => name));
    });
  });
}

withTools("Prometheus: scrapes the program, evaluates the alerts, and answers the dashboard's queries", [
  "prometheus",
  "openssl",
], async () => {
  await withRunning(2, async ({ proxy, adminPort, appPort, config, dead }) => {
    await using prometheus = await Prometheus.start(
      `127.0.0.1:${adminPort}`,
      `${DEPLOY}tcpproxy.rules.yml`,
    );
    await Deno.writeTextFile(config, "apps: [{ name: web }]");
    proxy.signal("SIGHUP");
    await proxy.waitFor("the old config stays in effect");
    const isUp = async (): Promise<boolean> =>
      (await prometheus.query('up{job="tcpproxy"} == 1')).length === 1;
    await prometheus.eventually(isUp, () => "it is not up");
    let rules = await prometheus.rules();
    const expected = new Set(["TcpproxyTargetDown", "TcpproxyConfigReloadFailed"]);
    await prometheus.eventually(async () => {
      rules = await prometheus.rules();
      return rules.every(({ health }) => health === "ok") &&
        rules.every(({ name, state }) => !expected.has(name) || state !== "inactive");
    }, () => rules);
    const isDown = `tcpproxy_target_up{app="web", target="${dead}"} == 0`;
    await prometheus.eventually(
      async () => (await prometheus.query(isDown)).length === 1,
      () => "no target is down",
    );
    // Rates take two samples; until then there is traffic. What is above 0 only in trouble has no result.
    const open = dashboardQueries().filter(({ query }) => !query.includes("> 0"));
    await prometheus.eventually(async () => {
      using client = await connectTo(appPort);
      await exchange(client, HELLO);
      for (const each of [...open]) {
        if ((await prometheus.query(filledIn(each.query))).length > 0) open.splice(open.indexOf(each), 1);
      }
      return open.length === 0;
    }, () => open);
    for (const { query } of dashboardQueries()) await prometheus.query(filledIn(query));
  });
});

interface Running {
  readonly proxy: Program;
  readonly config: string;
  readonly appPort: number;
  readonly adminPort: number;
  /** The address of a target where nobody listens. */
  readonly dead: string;
}

/** Runs the program with everything that has a metric. */
async function withRunning(workers: number, use: (running: Running) => Promise<void>): Promise<void> {
  await using folder = new TemporaryFolder();
  await using target = new TestTarget(echo);
  using certificates = new CertificateFolder();
  const { certFile: cert, keyFile: key } = certificates.make("web", { days: 90 });
  const [appPort, adminPort] = freePorts();
  const dead = `127.0.0.1:${freePort()}`;
  const config = await folder.config({
    workers,
    admin: { listen: `127.0.0.1:${adminPort}` },
    apps: [
      {
        name: "web",
        listen: [`127.0.0.1:${appPort}`],
        targets: [target.address, dead],
        "health_check": { interval: "1s", timeout: "1s", fall: 1 },
        "max_connections": 100,
      },
      {
        name: "tls",
        listen: [`127.0.0.1:${freePort()}`],
        targets: [target.address],
        tls: { certificates: [{ cert, key }] },
      },
    ],
  });
  await using proxy = program(["-c", config]);
  await proxy.ready();
  using client = await connectTo(appPort);
  assertStringIncludes(new TextDecoder().decode(await exchange(client, HELLO)), "hello");
  await use({ proxy, config, appPort, adminPort, dead });
}

/** Runs promtool among the shipped files. */
async function promtool(args: readonly string[], input = ""): Promise<{ code: number; errors: string }> {
  const child = new Deno.Command("promtool", {
    args: [...args],
    cwd: DEPLOY,
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stderr } = await child.output();
  return { code, errors: new TextDecoder().decode(stderr) };
}

/** A test that is ignored, with the reason in its name, where a program is missing. */
function withTools(name: string, tools: readonly string[], fn: () => Promise<void>): void {
  const missing = missingTools(...tools);
  const reason = missing.length === 0 ? "" : ` (ignored: ${missing.join(", ")} not found)`;
  Deno.test({ name: `${name}${reason}`, ignore: missing.length > 0, fn });
}
