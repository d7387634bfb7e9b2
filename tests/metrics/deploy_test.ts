import { assert, assertEquals } from "@std/assert";
import { type Metric, METRICS } from "../../lib/metrics/mod.ts";
import { dashboardQueries, metricNames } from "../helpers/proxy/dashboard.ts";

const ALL: readonly Metric[] = Object.values(METRICS);
/** What a query may name: a histogram only by its parts. */
const SAMPLES = new Set(
  ALL.flatMap(({ name, type }) =>
    type === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]
  ),
);

Deno.test("deploy/grafana: every query asks for metrics of the program, and every metric is in it", () => {
  const queries = dashboardQueries();
  assert(queries.length > 30);
  const named = new Set<string>();
  for (const { where, query } of queries) {
    const names = metricNames(query);
    assert(names.length > 0, `${where}: ${query}`);
    for (const name of names) assert(SAMPLES.has(name), `${where}: ${name}`);
    for (const name of names) named.add(name.replace(/_(bucket|sum|count)$/, ""));
  }
  assertEquals(ALL.filter(({ name }) => !named.has(name)).map(({ name }) => name), []);
});

Deno.test("deploy/prometheus: every alert asks for metrics of the program, has a test, and says what to do", () => {
  const text = readText("deploy/prometheus/tcpproxy.rules.yml");
  const tests = readText("deploy/prometheus/tcpproxy.rules.test.yml");
  const alerts = text.split(/\n {6}- alert: /).slice(1);
  assert(alerts.length > 10);
  for (const alert of alerts) {
    const [name = ""] = alert.split("\n");
    const expression = /expr: ([\s\S]*?)\n {8}(?:for|labels):/.exec(alert)?.[1] ?? "";
    for (const metric of metricNames(expression)) assert(SAMPLES.has(metric), `${name}: ${metric}`);
    assert(metricNames(expression).length > 0 || name === "TcpproxyDown", name);
    assert(/severity: (critical|warning)/.test(alert), name);
    for (const key of ["summary", "description", "runbook"]) assert(alert.includes(` ${key}: "`), name);
    assert(tests.includes(`alertname: ${name} `), `${name} has no test`);
  }
});

Deno.test("docs/metrics.md: has every metric of the program as it is, and no other", () => {
  const page = readText("docs/metrics.md");
  const rows = page.split("\n").filter((line) => line.startsWith("| `"))
    .map((line) => line.slice(1, -1).split(" | ").map((cell) => cell.trim()));
  const described = rows.map(([name = "", type, labels, help]) => [name.slice(1, -1), type, labels, help]);
  assertEquals(
    described.toSorted(([a = ""], [b = ""]) => a < b ? -1 : 1),
    ALL.map(({ name, type, labels, help }) => {
      return [name, type, labels.length === 0 ? "" : labels.map((label) => `\`${label}\``).join(", "), help];
    }).toSorted(([a = ""], [b = ""]) => a < b ? -1 : 1),
  );
  const names = ALL.map(({ name }) => name);
  for (const name of metricNames(page)) {
    assert(names.includes(name.replace(/_(bucket|sum|count)$/, "")) || SAMPLES.has(name), name);
  }
});

function readText(path: string): string {
  return Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));
}
