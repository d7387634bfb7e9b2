import { poolsOf, type ProxyView, type TargetView } from "../../running/view.ts";
import { targetState } from "../../running/target_state.ts";
import {
  bytesText,
  countText,
  shortAge,
  shortCount,
  shortShare,
  shortTime,
} from "../../terminal/quantities.ts";
import { type Rates, targetKey } from "../history.ts";
import {
  countCell,
  countOfText,
  numberCell,
  rateColumn,
  UNKNOWN,
  type View,
  type ViewColumn,
} from "./view.ts";

interface TargetItem {
  readonly app: string;
  readonly route: string | null;
  readonly target: TargetView;
  /** Its part of the connections of its pool; `undefined` where nobody counts them. */
  readonly share: number | undefined;
  readonly rates: Rates | undefined;
}

/** One row for each target of each app and route. */
export const targets: View<TargetItem> = {
  name: "targets",
  title: "Targets",
  columns: ({ scope }) => scope.app === undefined ? COLUMNS : COLUMNS.filter(({ id }) => id !== "app"),
  items: ({ status, history, scope }) => {
    const apps = (status?.apps ?? []).filter(({ name }) => scope.app === undefined || name === scope.app);
    return apps.flatMap((app) => {
      return poolsOf(app).flatMap(({ route, targets }) => {
        const counts = targets.map(({ connections }) => connections);
        const all = counts.includes(null) ? 0 : counts.reduce((sum: number, count) => sum + (count ?? 0), 0);
        return targets.map((target): TargetItem => ({
          app: app.name,
          route,
          target,
          share: all === 0 || target.connections === null ? undefined : target.connections / all,
          rates: history.rates(targetKey(app.name, route, target.address)),
        }));
      });
    });
  },
  key: ({ app, route, target }) => targetKey(app, route, target.address),
  words: ({ app, route, target }) =>
    [
      app,
      route ?? "",
      target.address,
      targetState(target).text,
      target.detail ?? "",
      target.discoveredBy ?? "",
    ]
      .join("\n"),
  details: ({ app, route, target, share }, { status }) => [
    ["target", target.address],
    ["app", app],
    ["route", route ?? "-"],
    ["state", targetState(target).text],
    ["why", target.detail ?? "-"],
    ["since", sinceText(target, status)],
    ["weight", weightText(target)],
    ["backup", target.isBackup ? "yes" : "no"],
    [
      "connections",
      countOfText(target.connections, target.maxConnections),
    ],
    ["share", share === undefined ? "-" : shortShare(share)],
    ["failed dials", countText(target.traffic.dialsFailed)],
    ["dial time", dialText(target)],
    ["bytes", bytesText(target.traffic)],
    ["discovered by", target.discoveredBy ?? "-"],
  ],
  scopeOf: ({ app, target }) => ({ app, target: target.address }),
};

const COLUMNS: readonly ViewColumn<TargetItem>[] = [
  {
    id: "app",
    title: "APP",
    isElastic: true,
    rank: 3,
    cell: ({ app }) => ({ text: app, tone: "bold" }),
    value: ({ app }) => app,
  },
  {
    id: "target",
    title: "TARGET",
    isElastic: true,
    least: 18,
    cell: ({ target }) => ({ text: target.address }),
    value: ({ target }) => target.address,
  },
  {
    id: "state",
    title: "STATE",
    least: 7,
    cell: ({ target }) => targetState(target),
    value: ({ target }) => targetState(target).text,
  },
  {
    id: "connections",
    title: "CONN",
    align: "right",
    cell: ({ target }) => countCell(target.connections, target.maxConnections, shortCount),
    value: ({ target }) => target.connections ?? -1,
  },
  {
    id: "share",
    title: "SHARE",
    align: "right",
    rank: 2,
    cell: ({ share }) => numberCell(share, shortShare),
    value: ({ share }) => share ?? -1,
  },
  {
    id: "weight",
    title: "WEIGHT",
    align: "right",
    rank: 6,
    cell: ({ target }) => ({
      text: `${target.weight}${target.isBackup ? "b" : ""}`,
      tone: target.weight === target.configuredWeight ? "plain" : "warn",
    }),
    value: ({ target }) => target.weight,
  },
  rateColumn("up", 4),
  rateColumn("down", 1),
  {
    id: "dial",
    title: "DIAL P99",
    align: "right",
    rank: 5,
    cell: ({ target }) => numberCell(target.traffic.dialMs?.p99, shortTime),
    value: ({ target }) => target.traffic.dialMs?.p99 ?? -1,
  },
  {
    id: "failed",
    title: "FAILED",
    align: "right",
    rank: 7,
    cell: ({ target: { traffic: { dialsFailed: failed } } }) =>
      failed === null || failed === 0 ? numberCell(failed) : { text: shortCount(failed), tone: "warn" },
    value: ({ target }) => target.traffic.dialsFailed ?? -1,
  },
  {
    id: "total",
    title: "TOTAL",
    align: "right",
    least: 6,
    rank: 8,
    cell: ({ target }) => numberCell(target.traffic.connections, shortCount),
    value: ({ target }) => target.traffic.connections ?? -1,
  },
  {
    id: "since",
    title: "SINCE",
    align: "right",
    least: 6,
    rank: 9,
    cell: ({ target: { sinceMs } }, { status }) =>
      sinceMs === null || status === undefined ? UNKNOWN : { text: shortAge(status.nowMs - sinceMs) },
    value: ({ target }) => target.sinceMs ?? 0,
  },
  {
    id: "why",
    title: "WHY",
    rank: 10,
    isElastic: true,
    least: 20,
    cell: ({ target, route }) => ({ text: target.detail ?? (route === null ? "" : route), tone: "dim" }),
  },
];

function sinceText({ sinceMs }: TargetView, status: ProxyView | undefined): string {
  if (sinceMs === null || status === undefined) return "-";
  return `${new Date(sinceMs).toISOString()} (${shortAge(status.nowMs - sinceMs)})`;
}

function weightText({ weight, configuredWeight: configured, currentWeight: current }: TargetView): string {
  const parts = [
    ...(configured === weight ? [] : [`${configured} in the config`]),
    ...(current === weight ? [] : [`${current} during its slow start`]),
  ];
  return `${weight}${parts.length === 0 ? "" : ` (${parts.join(", ")})`}`;
}

function dialText({ traffic: { dialMs: spread } }: TargetView): string {
  if (spread === null) return "-";
  return `${shortTime(spread.p50)} median, ${shortTime(spread.p90)} p90, ${shortTime(spread.p99)} p99`;
}
