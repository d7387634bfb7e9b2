import type { SessionView } from "../../running/view.ts";
import { shortAge, shortBytes, shortTime } from "../../terminal/quantities.ts";
import type { Cell } from "../../terminal/table.ts";
import type { Rates } from "../history.ts";
import { pageOf } from "../state.ts";
import { numberCell, perSecondText, rateColumn, UNKNOWN, type View, type ViewColumn } from "./view.ts";

interface SessionItem {
  readonly session: SessionView;
  readonly rates: Rates | undefined;
}

/** One row for each session. */
export const sessions: View<SessionItem> = {
  name: "sessions",
  title: "Sessions",
  columns: ({ scope }) =>
    COLUMNS.filter(({ id }) =>
      !(id === "app" && scope.app !== undefined) && !(id === "target" && scope.target !== undefined)
    ),
  items: (state) =>
    (pageOf(state)?.sessions ?? []).map((session) => ({
      session,
      rates: state.history.sessionRates(session.id),
    })),
  key: ({ session }) => String(session.id),
  words: ({ session: { id, app, listener, client, target, state, sni } }) =>
    [String(id), app, listener, client, target ?? "", state, sni ?? ""].join("\n"),
  details: ({ session, rates }) => [
    ["session", String(session.id)],
    ["state", session.state],
    ["app", session.app],
    ["listener", session.listener],
    ["client", session.client],
    ["target", session.target ?? "-"],
    ["server name", session.sni ?? "-"],
    ["started", startText(session)],
    ["idle", shortAge(session.idleMs)],
    ["bytes", `${shortBytes(session.bytesUp)} up, ${shortBytes(session.bytesDown)} down`],
    ["per second", perSecondText(rates)],
    [
      "connected",
      session.connectMs === null ? "-" : `in ${shortTime(session.connectMs)}, ${triesText(session.tries)}`,
    ],
    ["worker", session.worker === null ? "-" : String(session.worker)],
  ],
  scopeOf: ({ session }) => ({ app: session.app, target: session.target ?? undefined }),
};

const COLUMNS: readonly ViewColumn<SessionItem>[] = [
  {
    id: "id",
    title: "ID",
    align: "right",
    rank: 5,
    least: 6,
    cell: ({ session }) => ({ text: String(session.id), tone: "dim" }),
    value: ({ session }) => Number(session.id),
  },
  {
    id: "app",
    title: "APP",
    isElastic: true,
    least: 8,
    rank: 3,
    cell: ({ session }) => ({ text: session.app, tone: "bold" }),
    value: ({ session }) => session.app,
  },
  {
    id: "client",
    title: "CLIENT",
    isElastic: true,
    least: 15,
    cell: ({ session }) => ({ text: session.client }),
    value: ({ session }) => session.client,
  },
  {
    id: "target",
    title: "TARGET",
    isElastic: true,
    least: 14,
    rank: 2,
    cell: ({ session }) => session.target === null ? UNKNOWN : { text: session.target },
    value: ({ session }) => session.target ?? "",
  },
  {
    id: "state",
    title: "STATE",
    rank: 6,
    least: 10,
    cell: ({ session }) => ({ text: session.state, tone: TONES[session.state] ?? "plain" }),
    value: ({ session }) => session.state,
  },
  {
    id: "age",
    title: "AGE",
    align: "right",
    least: 6,
    cell: ({ session }) => ({ text: shortAge(session.ageMs) }),
    value: ({ session }) => session.ageMs,
  },
  {
    id: "idle",
    title: "IDLE",
    align: "right",
    least: 6,
    rank: 7,
    cell: ({ session }) => numberCell(session.idleMs < 1000 ? 0 : session.idleMs, shortAge),
    value: ({ session }) => session.idleMs,
  },
  {
    id: "up",
    title: "UP",
    align: "right",
    least: 5,
    rank: 8,
    cell: ({ session }) => numberCell(session.bytesUp, shortBytes),
    value: ({ session }) => session.bytesUp,
  },
  {
    id: "down",
    title: "DOWN",
    align: "right",
    least: 5,
    rank: 4,
    cell: ({ session }) => numberCell(session.bytesDown, shortBytes),
    value: ({ session }) => session.bytesDown,
  },
  rateColumn("up", 9),
  rateColumn("down", 1),
  {
    id: "sni",
    title: "SERVER NAME",
    isElastic: true,
    rank: 10,
    least: 12,
    cell: ({ session }) => session.sni === null ? UNKNOWN : { text: session.sni },
    value: ({ session }) => session.sni ?? "",
  },
  {
    id: "worker",
    title: "WORKER",
    align: "right",
    rank: 11,
    cell: ({ session }) => numberCell(session.worker),
    value: ({ session }) => session.worker ?? -1,
  },
];

const TONES: Readonly<Record<string, Cell["tone"]>> = {
  inspecting: "warn",
  dialing: "warn",
  relaying: "good",
  lingering: "dim",
};

function startText({ startedAtMs, ageMs }: SessionView): string {
  const ago = `${shortAge(ageMs)} ago`;
  return startedAtMs === null ? ago : `${new Date(startedAtMs).toISOString()} (${ago})`;
}

function triesText(tries: number): string {
  return tries === 1 ? "at the first try" : `in ${tries} tries`;
}
