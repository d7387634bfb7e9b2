import { visible } from "../terminal/cells.ts";
import { clipLine, joinWhole, type Line, type Span, span } from "../terminal/line.ts";
import { bytesText, countText, shortAge, shortCount, shortShare, shortTime } from "../terminal/quantities.ts";
import { type Cell, type Column, layOut, rowLine, titleLine } from "../terminal/table.ts";
import { targetState } from "./target_state.ts";
import {
  type AppView,
  isUp,
  poolsOf,
  type PoolView,
  type ProxyView,
  type TargetView,
  type TrafficView,
} from "./view.ts";

const COLUMNS: readonly Column[] = [
  { title: "TARGET", isElastic: true, least: 18 },
  { title: "STATE", least: 7 },
  { title: "CONN", align: "right" },
  { title: "SHARE", align: "right", rank: 1 },
  { title: "WEIGHT", align: "right", rank: 3 },
  { title: "TOTAL", align: "right", rank: 4 },
  { title: "FAILED", align: "right", rank: 6 },
  { title: "DIAL P99", align: "right", rank: 5 },
  { title: "TRAFFIC", rank: 7 },
  { title: "SINCE", align: "right", rank: 2 },
  { title: "WHY", isElastic: true, least: 16, rank: 2 },
];

/** What `tcpproxy status` shows: the proxy, then each app with its targets. */
export function statusLines(proxy: ProxyView, { columns }: { readonly columns: number }): Line[] {
  const options = { width: columns, indent: "  " };
  const rows = new Map(proxy.apps.flatMap(poolsOf).map((pool) => [pool.targets, rowsOf(pool, proxy)]));
  // One layout for all apps: columns stand below each other.
  const layout = layOut(COLUMNS, [...rows.values()].flat(), options);
  const tableOf = ({ targets }: PoolView): Line[] =>
    (rows.get(targets) ?? []).map((row) => rowLine(COLUMNS, row, { ...options, layout }));
  const lines = proxyLines(proxy, columns);
  for (const app of proxy.apps) {
    lines.push([], appLine(app, columns), ...factLines(app, proxy));
    if (poolsOf(app).some(({ targets }) => targets.length > 0)) {
      lines.push(titleLine(COLUMNS, layout, options));
    }
    for (const pool of poolsOf(app)) {
      if (pool.route !== null) lines.push([span("  "), span(pool.route, "accent")]);
      lines.push(...tableOf(pool));
      if (pool.undiscovered.length > 0) {
        lines.push([span("  "), span(`not discovered: ${pool.undiscovered.join(", ")}`, "warn")]);
      }
    }
  }
  return lines.map((line) => clipLine(line, columns));
}

function proxyLines(proxy: ProxyView, columns: number): Line[] {
  const { version, state, startedAtMs, nowMs, workers, sessions, config, traffic } = proxy;
  const { path, hash, loadedAtMs, lastReload } = config;
  const age = (ms: number | null): string => ms === null ? "" : ` ${shortAge(nowMs - ms)} ago`;
  const facts: Line[] = [
    [span(`tcpproxy ${version}`, "bold")],
    [span(state, state === "ready" ? "good" : "warn")],
    [span(`up ${shortAge(nowMs - startedAtMs)}`)],
    ...(workers > 1 ? [[span(`${workers} workers`)]] : []),
    [span(plural(sessions, "session"))],
    ...trafficFact(traffic),
  ];
  return [
    joinWhole(facts, columns),
    ...(hash === null ? [] : [[
      span("config ", "dim"),
      span(path ?? "without a file"),
      span(` ${hash}, loaded${age(loadedAtMs)}`, "dim"),
    ]]),
    ...(lastReload === null ? [] : [[
      span("reload ", "dim"),
      span(lastReload.isDone ? "succeeded" : "failed", lastReload.isDone ? "good" : "bad"),
      span(`${age(lastReload.atMs)} (${lastReload.trigger})`),
      span(lastReload.detail === null ? "" : `: ${lastReload.detail}`),
    ]]),
  ];
}

function appLine(app: AppView, columns: number): Line {
  const targets = poolsOf(app).flatMap(({ targets }) => targets);
  const up = targets.filter(isUp).length;
  const tone = up === targets.length ? "good" : up === 0 ? "bad" : "warn";
  const limit = app.maxConnections === null ? "" : ` of ${app.maxConnections}`;
  const facts: Line[] = [
    [span(app.name, "bold")],
    [span(app.state, app.state === "accepting" ? "good" : "warn")],
    ...(app.sessions === null ? [] : [[span(`${plural(app.sessions, "session")}${limit}`)]]),
    [span(`${up}/${targets.length} up`, tone)],
    [span(app.balance, "dim")],
    ...trafficFact(app.traffic),
  ];
  return joinWhole(facts, columns);
}

function trafficFact(traffic: TrafficView): Line[] {
  if (traffic.connections === null) return [];
  return [[span(`${shortCount(traffic.connections)} in all, ${bytesText(traffic)}`, "dim")]];
}

function factLines({ listeners, faults }: AppView, { nowMs }: ProxyView): Line[] {
  return [
    [span("  listens on ", "dim"), span(listeners.join(", ") || "nothing")],
    ...faults.map(({ kind, options, source, expiresAtMs }): Span[] => {
      const until = expiresAtMs === null ? "" : `, ends in ${shortAge(expiresAtMs - nowMs)}`;
      return [
        span("  fault ", "dim"),
        span(`${kind}${options === "" ? "" : ` ${options}`}`, "warn"),
        span(` (${source}${until})`, "dim"),
      ];
    }),
  ];
}

function rowsOf({ targets }: PoolView, { nowMs }: ProxyView): Cell[][] {
  const counts = targets.map(({ connections }) => connections);
  const all = counts.includes(null) ? 0 : counts.reduce((sum: number, count) => sum + (count ?? 0), 0);
  return targets.map((target) => {
    const { address, connections, maxConnections, isBackup, detail, sinceMs, discoveredBy, traffic } = target;
    const limit = maxConnections === null ? "" : `/${maxConnections}`;
    return [
      { text: address },
      targetState(target),
      { text: `${countText(connections)}${limit}` },
      dimZero(all === 0 || connections === null ? "-" : shortShare(connections / all)),
      weightCell(target),
      dimZero(countText(traffic.connections)),
      traffic.dialsFailed !== null && traffic.dialsFailed > 0
        ? { text: shortCount(traffic.dialsFailed), tone: "warn" }
        : dimZero(countText(traffic.dialsFailed)),
      dimZero(traffic.dialMs === null ? "-" : shortTime(traffic.dialMs.p99)),
      dimZero(bytesText(traffic)),
      dimZero(sinceMs === null ? "-" : shortAge(nowMs - sinceMs)),
      {
        text: [
          ...(detail === null ? [] : [detail]),
          ...(isBackup ? ["backup"] : []),
          ...(discoveredBy === null ? [] : [`found as ${discoveredBy}`]),
        ].join("; "),
        tone: "dim",
      },
    ];
  });
}

function weightCell({ weight, configuredWeight, currentWeight }: TargetView): Cell {
  if (weight !== configuredWeight) return { text: String(weight), tone: "warn" };
  return { text: currentWeight < weight ? `${Number(currentWeight.toFixed(1))}/${weight}` : String(weight) };
}

function dimZero(text: string): Cell {
  return text === "0" || text === "-" ? { text, tone: "dim" } : { text };
}

/** Returns a count with its noun: `1 session`, `2 sessions`. */
export function plural(count: number, noun: string): string {
  return `${count} ${visible(noun)}${count === 1 ? "" : "s"}`;
}
