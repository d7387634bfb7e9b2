import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { connectTo, exchange, readToEnd } from "../../helpers/clients.ts";
import { freePort, freePorts } from "../../helpers/free_ports.ts";
import { OtlpReceiver, plain } from "../../helpers/servers/otlp_receiver.ts";
import { BINARY, type Program, program, runCommand } from "../../helpers/programs/program.ts";
import { echo, TestTarget } from "../../helpers/targets.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";

const HELLO = new TextEncoder().encode("hello\n");
// An executable exports only if it was compiled with OTEL_DENO=true; .ci/run compiles one without.
const cannotExport = BINARY !== undefined || Deno.build.os === "windows";

interface Exporting {
  readonly proxy: Program;
  readonly receiver: OtlpReceiver;
  readonly port: number;
  readonly deadPort: number;
  readonly target: string;
}

async function withExport(
  root: Record<string, unknown>,
  use: (exporting: Exporting) => Promise<void>,
): Promise<void> {
  await using folder = new TemporaryFolder();
  await using target = new TestTarget(echo);
  await using receiver = new OtlpReceiver();
  const [port, deadPort] = freePorts();
  const apps = [
    { name: "web", listen: [`127.0.0.1:${port}`], targets: [target.address] },
    { name: "dead", listen: [`127.0.0.1:${deadPort}`], targets: ["127.0.0.1:1"] },
  ];
  await using proxy = program(["-c", await folder.config({ otel: { interval: "100ms" }, ...root, apps })], {
    shell:
      `OTEL_DENO=true OTEL_EXPORTER_OTLP_PROTOCOL=http/json OTEL_EXPORTER_OTLP_ENDPOINT=${receiver.url} ` +
      // The runtime exports at its end alone: one on its way then can make it hang.
      "OTEL_METRIC_EXPORT_INTERVAL=3600000 OTEL_BSP_SCHEDULE_DELAY=3600000",
  });
  await proxy.ready();
  await use({ proxy, receiver, port, deadPort, target: target.address });
}

async function sayHello(port: number): Promise<void> {
  using conn = await connectTo(port);
  assertEquals(await exchange(conn, HELLO), HELLO);
}

for (const [workers, access] of [[1, true], [2, false]] as const) {
  Deno.test({
    name:
      `otel: each connection is a span, and the metrics come by themselves (workers: ${workers}, access log: ${access})`,
    ignore: cannotExport,
    fn: () =>
      withExport({ workers, log: { access } }, async ({ proxy, receiver, port, deadPort, target }) => {
        await proxy.waitFor("otel: exporting traces and metrics");
        const beforeMs = Date.now();
        await sayHello(port);
        using refused = await connectTo(deadPort);
        await readToEnd(refused);
        assertEquals(await proxy.stop(), 0);
        await receiver.when(() => receiver.spans.length >= 2 && receiver.points.length > 0);
        const web = receiver.spans.find(({ name }) => name === "tcp web");
        if (web === undefined) throw new Error("the span of the app is missing");
        const { "client.address": client, "tcpproxy.connect_ms": connectMs, ...attributes } = plain(
          web.attributes,
        );
        assertMatch(String(client), /^127\.0\.0\.1:\d+$/);
        assert(Number(connectMs) >= 0);
        assertEquals(attributes, {
          "network.transport": "tcp",
          "tcpproxy.id": 1,
          "tcpproxy.app": "web",
          "tcpproxy.listener": `127.0.0.1:${port}`,
          "tcpproxy.target": target,
          "tcpproxy.reason": "client_closed",
          "tcpproxy.bytes_up": 6,
          "tcpproxy.bytes_down": 6,
          "tcpproxy.tries": 1,
        });
        assertEquals([web.kind, web.parentSpanId ?? "", web.status.code ?? 0], [2, "", 0]);
        const startMs = Number(web.startTimeUnixNano) / 1e6;
        const endMs = Number(web.endTimeUnixNano) / 1e6;
        assert(beforeMs - 1000 <= startMs && startMs <= endMs && endMs <= Date.now() + 1000);
        const dead = receiver.spans.find(({ name }) => name === "tcp dead");
        assertEquals(dead?.status.code, 2);
        assertEquals(plain(dead?.attributes)["tcpproxy.reason"], "no_target");

        const valueOf = (name: string, labels: Record<string, string>): number | undefined =>
          receiver.points.find((point) =>
            point.name === name &&
            Object.entries(labels).every(([key, value]) => point.attributes[key] === value)
          )?.value;
        const web1 = { app: "web" };
        assertEquals(valueOf("tcpproxy_connections_total", { ...web1, reason: "client_closed" }), 1);
        assertEquals(valueOf("tcpproxy_bytes_total", { ...web1, direction: "up" }), 6);
        assertEquals(valueOf("tcpproxy_session_seconds_count", web1), 1);
        assertEquals(valueOf("tcpproxy_session_seconds_bucket", { ...web1, le: "+Inf" }), 1);
        assertEquals(valueOf("tcpproxy_target_up", { ...web1, target }), 1);
      }),
  });
}

Deno.test({
  name: "otel: what ended last is exported before the process ends",
  ignore: cannotExport,
  fn: () =>
    withExport({ otel: { metrics: false } }, async ({ proxy, receiver, port }) => {
      await proxy.waitFor("otel: exporting traces");
      for (let i = 0; i < 20; i++) await sayHello(port);
      assertEquals(await proxy.stop(), 0);
      assertEquals(receiver.spans.length, 20);
      assertEquals(receiver.points, []);
    }),
});

Deno.test({
  name: "otel: an interval that is longer than a timer of the runtime is no short one",
  ignore: cannotExport,
  fn: () =>
    withExport({ otel: { interval: "30d", traces: false } }, async ({ proxy, receiver, port }) => {
      await proxy.waitFor("otel: exporting metrics");
      await sayHello(port);
      assertEquals(await proxy.stop(), 0);
      assert(receiver.points.length > 0);
      assert(!proxy.stderr.includes("TimeoutOverflowWarning"), proxy.stderr);
    }),
});

Deno.test("otel: a runtime that exports nothing is a warning, at the start and of check", async () => {
  await using folder = new TemporaryFolder();
  const port = freePort();
  const apps = [{ name: "web", listen: [`127.0.0.1:${port}`], targets: ["127.0.0.1:1"] }];
  const path = await folder.config({ otel: {}, apps });
  const checked = await runCommand(["check", "--quiet", "-c", path]);
  assertEquals(checked.code, 0);
  assertStringIncludes(
    checked.stderr,
    "otel: warning: the runtime exports nothing; start it with OTEL_DENO=true",
  );
  await using proxy = program(["-c", path]);
  await proxy.waitFor("the runtime exports nothing");
  using conn = await connectTo(port);
  await readToEnd(conn);
  assertEquals(await proxy.stop(), 0);
  assertEquals(proxy.stderr.match(/exports nothing/g)?.length, 1);
});
