/** A panel of a Grafana dashboard, as far as tests look at it. */
interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

const FILE = new URL("../../../deploy/grafana/tcpproxy.json", import.meta.url);

/** Every query of the shipped dashboard, with where it stands. */
export function dashboardQueries(): { readonly where: string; readonly query: string }[] {
  const { panels, annotations, templating } = JSON.parse(Deno.readTextFileSync(FILE));
  const texts = (panels as readonly Panel[]).flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ where: title, query: expr }))
  );
  for (const { name, expr } of annotations.list) texts.push({ where: `annotation ${name}`, query: expr });
  for (const { name, definition } of templating.list) {
    const query = /^label_values\((.*), \w+\)$/.exec(definition ?? "")?.[1];
    if (query !== undefined) texts.push({ where: `variable ${name}`, query });
  }
  return texts;
}

/** A query as Grafana sends it, with everything chosen. */
export function filledIn(query: string): string {
  return query.replaceAll("$__rate_interval", "1m").replaceAll("$job", "tcpproxy")
    .replaceAll(/\$(instance|app)/g, ".+");
}

/** The names of metrics in an expression, as samples have them. */
export function metricNames(expression: string): string[] {
  return [...new Set(expression.match(/\b(?:tcpproxy|process)_[a-z_]+\b/g) ?? [])];
}
