import {
  fitLine,
  joinWhole,
  type Line,
  retone,
  type Span,
  span,
  spread,
  type Tone,
} from "../../terminal/line.ts";
import {
  bytesText,
  countText,
  shortAge,
  shortByteRate,
  shortCount,
  shortRate,
} from "../../terminal/quantities.ts";
import { sparkline } from "../../terminal/sparkline.ts";
import { TOTAL } from "../history.ts";
import { allTargets, isUp } from "../../running/view.ts";
import type { TopState } from "../state.ts";

/** What the first line says: which proxy it is, and how it is. */
export interface Title {
  readonly left: Line;
  /** Where the proxy is. */
  readonly right: Line;
  readonly tone: Tone;
}

/** Returns what the first line says. */
export function titleOf({ status, link, isFrozen, nowMs, source }: TopState): Title {
  const right: Line = [span(source.replace(/^https?:\/\//, ""))];
  if (link.kind === "lost") {
    const words = `tcpproxy  no answer for ${shortAge(nowMs - link.sinceMs)}: ${link.why}`;
    return { left: [span(words)], right, tone: "bad" };
  }
  if (status === undefined) return { left: [span("tcpproxy")], right, tone: "title" };
  const { version, workers, state } = status;
  const age = shortAge(status.nowMs - status.startedAtMs);
  const words = [
    `tcpproxy ${version}`,
    state,
    `up ${age}`,
    ...(workers > 1 ? [`${workers} workers`] : []),
    ...(isFrozen ? ["FROZEN"] : []),
  ];
  return { left: [span(words.join("  "))], right, tone: state === "ready" ? "title" : "warn" };
}

/** The first line. */
export function titleBar(state: TopState): Line {
  const { left, right, tone } = titleOf(state);
  const { columns } = state.size;
  return retone(fitLine(spread([span(" "), ...left], [...right, span(" ")], columns), columns), tone);
}

/** The second line: what flows through all of it. */
export function totalsLine({ status, history, size }: TopState): Line {
  if (status === undefined) return [];
  const rates = history.rates(TOTAL);
  const targets = status.apps.flatMap(allTargets);
  const up = targets.filter(({ target }) => isUp(target)).length;
  const tone = up === targets.length ? "good" : up === 0 ? "bad" : "warn";
  const facts: Line[] = [
    fact("Sessions", span(shortCount(status.sessions), "bold")),
    fact("New", span(rates === undefined ? "-" : shortRate(rates.connections), "bold")),
    fact("Targets up", span(`${up}/${targets.length}`, tone)),
    ...(status.config.lastReload?.isDone === false ? [fact("Reload", span("failed", "bad"))] : []),
    fact("Total", span(countText(status.traffic.connections))),
    fact("Bytes", span(bytesText(status.traffic))),
  ];
  return [span(" "), ...joinWhole(facts, size.columns - 2, "   ")];
}

function fact(label: string, value: Span): Line {
  return [span(`${label} `, "dim"), value];
}

/** Two lines: what flows to the clients, what flows to the targets, each to a scale of its own. */
export function sparkLines({ history, size, link }: TopState): Line[] {
  return [["down", history.down], ["up", history.up]].map(([name, samples]) => {
    const values = samples as readonly number[];
    const latest = values.at(-1);
    const label = ` ${String(name).padEnd(4)} ${
      (latest === undefined ? "-" : shortByteRate(latest)).padStart(7)
    } `;
    const room = Math.max(0, size.columns - label.length - 15);
    const peak = Math.max(0, ...values.slice(-room));
    return [
      span(` ${String(name).padEnd(4)} `, "dim"),
      span(label.slice(6), "bold"),
      span(sparkline(values, room), link.kind === "lost" ? "dim" : name === "down" ? "good" : "accent"),
      span(peak > 0 ? ` peak ${shortByteRate(peak)}` : "", "dim"),
    ];
  });
}
