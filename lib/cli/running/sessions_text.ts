import type { Line } from "../terminal/line.ts";
import { shortAge, shortBytes, shortTime } from "../terminal/quantities.ts";
import { type Column, tableLines } from "../terminal/table.ts";
import type { SessionsView } from "./view.ts";

const COLUMNS: readonly Column[] = [
  { title: "ID", align: "right" },
  { title: "APP", isElastic: true, least: 8, rank: 4 },
  { title: "CLIENT", isElastic: true, least: 15 },
  { title: "TARGET", isElastic: true, least: 14, rank: 2 },
  { title: "STATE", rank: 3 },
  { title: "AGE", align: "right" },
  { title: "IDLE", align: "right", rank: 5 },
  { title: "UP", align: "right", rank: 1 },
  { title: "DOWN", align: "right", rank: 1 },
  { title: "CONNECT", align: "right", rank: 8 },
  { title: "LISTENER", isElastic: true, rank: 7 },
  { title: "SERVER NAME", isElastic: true, rank: 6 },
];

/** What `tcpproxy sessions` shows. */
export function sessionsLines({ sessions }: SessionsView, { columns }: { readonly columns: number }): Line[] {
  const rows = sessions.map((session) => [
    { text: session.id },
    { text: session.app },
    { text: session.client },
    { text: session.target ?? "-" },
    { text: session.state },
    { text: shortAge(session.ageMs) },
    { text: shortAge(session.idleMs) },
    { text: shortBytes(session.bytesUp) },
    { text: shortBytes(session.bytesDown) },
    { text: session.connectMs === null ? "-" : shortTime(session.connectMs) },
    { text: session.listener },
    { text: session.sni ?? "-" },
  ]);
  return tableLines(COLUMNS, rows, { width: columns, indent: "" });
}
