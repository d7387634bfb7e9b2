import { allTargets, type AppView, isUp, type TargetView } from "../../running/view.ts";
import { bytesText, shortCount, shortTime } from "../../terminal/quantities.ts";
import { sparkline } from "../../terminal/sparkline.ts";
import { appKey, type Rates } from "../history.ts";
import {
  connectionRateCell,
  countCell,
  countOfText,
  numberCell,
  perSecondText,
  rateColumn,
  type View,
} from "./view.ts";

interface AppItem {
  readonly app: AppView;
  readonly rates: Rates | undefined;
  readonly samples: readonly number[];
  readonly targets: readonly TargetView[];
}

/** Cells of the sparkline of one app. */
const SPARK_WIDTH = 24;

/** One row for each app. */
export const apps: View<AppItem> = {
  name: "apps",
  title: "Apps",
  columns: () => [
    {
      id: "app",
      title: "APP",
      isElastic: true,
      least: 16,
      cell: ({ app }) => ({ text: app.name, tone: "bold" }),
      value: ({ app }) => app.name,
    },
    {
      id: "state",
      title: "STATE",
      rank: 1,
      cell: ({ app }) => stateCell(app),
      value: ({ app }) => app.state,
    },
    {
      id: "sessions",
      title: "SESSIONS",
      align: "right",
      cell: ({ app }) => countCell(app.sessions, app.maxConnections, shortCount),
      value: ({ app }) => app.sessions ?? -1,
    },
    {
      id: "new_rate",
      title: "NEW/S",
      align: "right",
      rank: 3,
      least: 6,
      cell: ({ rates }) => connectionRateCell(rates),
      value: ({ rates }) => rates?.connections ?? -1,
    },
    rateColumn("up", 2),
    rateColumn("down"),
    {
      id: "targets",
      title: "TARGETS",
      align: "right",
      cell: ({ targets }) => healthCell(targets),
      value: ({ targets }) => targets.filter(isUp).length,
    },
    {
      id: "total",
      title: "TOTAL",
      align: "right",
      least: 6,
      rank: 6,
      cell: ({ app }) => numberCell(app.traffic.connections, shortCount),
      value: ({ app }) => app.traffic.connections ?? -1,
    },
    {
      id: "dial",
      title: "DIAL P99",
      align: "right",
      rank: 5,
      cell: ({ app }) => numberCell(app.traffic.dialMs?.p99, shortTime),
      value: ({ app }) => app.traffic.dialMs?.p99 ?? -1,
    },
    {
      id: "throughput",
      title: "THROUGHPUT",
      rank: 4,
      least: SPARK_WIDTH,
      cell: ({ samples }) => ({ text: sparkline(samples, SPARK_WIDTH), tone: "accent" }),
    },
    {
      id: "listeners",
      title: "LISTENERS",
      rank: 7,
      isElastic: true,
      least: 20,
      cell: ({ app }) => ({ text: app.listeners.join(" "), tone: "dim" }),
    },
  ],
  items: ({ status, history }) =>
    (status?.apps ?? []).map((app) => ({
      app,
      rates: history.rates(appKey(app.name)),
      samples: history.samples(appKey(app.name)),
      targets: allTargets(app).map(({ target }) => target),
    })),
  key: ({ app }) => app.name,
  words: ({ app, targets }) =>
    [app.name, app.state, ...app.listeners, ...targets.map(({ address }) => address)].join("\n"),
  details: ({ app, targets, rates }) => [
    ["app", app.name],
    ["state", app.state],
    ["listeners", app.listeners.join(", ")],
    ["balance", app.balance],
    ["sessions", countOfText(app.sessions, app.maxConnections)],
    ["accepted", String(app.traffic.connections ?? "-")],
    ["bytes", bytesText(app.traffic)],
    ["per second", perSecondText(rates)],
    ["targets", healthCell(targets).text],
    ["not discovered", app.undiscovered.join(", ") || "-"],
    [
      "faults",
      app.faults.map(({ kind, options, source }) => `${kind} ${options} (${source})`).join(", ") || "-",
    ],
    ["ended", endsText(app.traffic.ended)],
  ],
  scopeOf: ({ app }) => ({ app: app.name }),
};

function stateCell({ state, faults }: AppView): { text: string; tone: "good" | "warn" } {
  if (state === "paused") return { text: "paused", tone: "warn" };
  return faults.length > 0 ? { text: "faulty", tone: "warn" } : { text: "accepting", tone: "good" };
}

/** How many targets may take a connection: `2/3`. */
function healthCell(targets: readonly TargetView[]): { text: string; tone: "good" | "warn" | "bad" } {
  const up = targets.filter(isUp).length;
  const tone = up === targets.length ? "good" : up === 0 ? "bad" : "warn";
  return { text: `${up}/${targets.length}`, tone };
}

function endsText(ended: Readonly<Record<string, number>>): string {
  const ends = Object.entries(ended).filter(([, count]) => count > 0).sort(([, a], [, b]) => b - a);
  return ends.map(([reason, count]) => `${reason} ${count}`).join(", ") || "-";
}
