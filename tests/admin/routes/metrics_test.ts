import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ThreadCounters } from "../../../lib/metrics/mod.ts";
import { QuietProxy, withAdmin } from "../../helpers/proxy/admin.ts";

Deno.test("GET /metrics: in Prometheus' own format, or in OpenMetrics where that is asked for", async () => {
  await withAdmin({}, async (admin) => {
    const plain = await admin.ask("/metrics");
    assertEquals(plain.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assertStringIncludes(plain.text, "\n# TYPE tcpproxy_build_info gauge\n");
    const response = await fetch(new URL("/metrics", admin.url), {
      headers: { accept: "application/openmetrics-text;version=1.0.0" },
    });
    assertEquals(
      response.headers.get("content-type"),
      "application/openmetrics-text; version=1.0.0; charset=utf-8",
    );
    const text = await response.text();
    assertStringIncludes(text, "\n# TYPE tcpproxy_build info\n");
    assert(text.endsWith("\n# EOF\n"));
  });
});

Deno.test("GET /metrics: apps, targets, config, logs and the program, each in its metric", async () => {
  const proxy = new QuietProxy([{
    name: "web",
    listen: ["127.0.0.1:7001"],
    targets: ["10.0.0.1:80"],
    "max_connections": 9,
  }]);
  const counters = new ThreadCounters({
    thread: "main",
    targets: () => [{ label: "10.0.0.1:80", active: 2 }],
  });
  const app = counters.app("web");
  for (let count = 0; count < 3; count++) app.sessionBegan();
  app.dialed("10.0.0.1:80", 30);
  app.dialFailed("10.0.0.1:80", "ETIMEDOUT");
  const flow = { bytes: 7 };
  app.sessionEnded({ reason: "denied", up: flow, down: flow, target: undefined, startedMs: 0, endedMs: 50 });
  proxy.counters = counters.snapshot();
  proxy.certificates = [{ app: "web", file: "a.pem", validToMs: 5000 }];
  const droppedLines = { access: 4, operational: 0 };
  await withAdmin({ proxy, droppedLines: () => droppedLines }, async (admin) => {
    const { text } = await admin.ask("/metrics");
    for (
      const line of [
        'tcpproxy_connections_accepted_total{app="web"} 3',
        'tcpproxy_connections_total{app="web",reason="denied"} 1',
        'tcpproxy_connections_total{app="web",reason="no_target"} 0',
        'tcpproxy_connections_active{app="web"} 2',
        'tcpproxy_connections_limit{app="web"} 9',
        'tcpproxy_bytes_total{app="web",direction="up"} 7',
        'tcpproxy_dial_seconds_bucket{app="web",le="0.025"} 0',
        'tcpproxy_dial_seconds_bucket{app="web",le="0.05"} 1',
        'tcpproxy_session_seconds_sum{app="web"} 0.05',
        'tcpproxy_dials_total{app="web",target="10.0.0.1:80",result="timeout"} 1',
        'tcpproxy_dials_total{app="web",target="10.0.0.1:80",result="refused"} 0',
        'tcpproxy_target_connections_active{app="web",target="10.0.0.1:80"} 2',
        'tcpproxy_certificate_expiry_timestamp_seconds{app="web",certificate="a.pem"} 5',
        'tcpproxy_log_lines_dropped_total{log="access"} 4',
        'tcpproxy_config_reloads_total{result="failed"} 0',
        "tcpproxy_config_last_reload_successful 1",
        'tcpproxy_build_info{version="1.2.3"} 1',
      ]
    ) assertStringIncludes(text, `\n${line}\n`);
    assertEquals(/\ntcpproxy_config_info\{hash="[0-9a-f]{12}"\} 1\n/.test(text), true);
    assertEquals(Number(/\nprocess_resident_memory_bytes (\d+)/.exec(text)?.[1]) > 1e6, true);
  });
});

Deno.test("GET /metrics: a million clients do not make it longer, a thousand targets take some lines each", async () => {
  const targets = Array.from({ length: 1000 }, (_, number) => `10.0.${number >> 8}.${number & 255}:80`);
  const proxy = new QuietProxy([{ name: "web", listen: ["127.0.0.1:7001"], targets }]);
  const counters = new ThreadCounters({
    thread: "main",
    targets: () => targets.map((label) => ({ label, active: 0 })),
  });
  const app = counters.app("web");
  for (const target of targets) app.dialed(target, 1);
  const linesOf = async (): Promise<number> => {
    proxy.counters = counters.snapshot();
    let lines = 0;
    await withAdmin({ proxy }, async (admin) => {
      lines = (await admin.ask("/metrics")).text.split("\n").length;
    });
    return lines;
  };
  const flow = { bytes: 7 };
  const before = await linesOf();
  for (let client = 0; client < 1_000_000; client++) {
    app.sessionBegan();
    app.sessionEnded({
      reason: "denied",
      up: flow,
      down: flow,
      target: undefined,
      startedMs: 0,
      endedMs: client,
    });
  }
  assertEquals(await linesOf(), before);
  assert(before > 8 * targets.length && before < 14 * targets.length + 500, `${before} lines`);
});
