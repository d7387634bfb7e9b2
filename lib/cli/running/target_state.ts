import type { Cell } from "../terminal/table.ts";
import type { TargetView } from "./view.ts";

/** Returns what a target's state is in one word: what an operator has set goes before what checks have found. */
export function targetState({ state, admin }: Pick<TargetView, "state" | "admin">): Cell {
  if (admin === "drain") return { text: "drain", tone: "warn" };
  if (admin === "down") return { text: "maint", tone: "warn" };
  return { text: state, tone: state === "up" ? "good" : state === "ejected" ? "warn" : "bad" };
}
