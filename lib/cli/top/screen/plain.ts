import { type Line, plainLine, span } from "../../terminal/line.ts";
import { tableLines } from "../../terminal/table.ts";
import { rowsOf } from "../arrange.ts";
import { titleOf, totalsLine } from "./head.ts";
import type { TopState } from "../state.ts";
import { withView } from "../views/all.ts";

/** Wider than any row. */
const UNLIMITED = 10_000;

/** Returns a snapshot for a pipe: all rows of the view, in all columns, without anything that only a terminal shows. */
export function snapshotText(state: TopState): string {
  const wide: TopState = { ...state, size: { columns: UNLIMITED, rows: UNLIMITED } };
  const cells = rowsOf(wide).rows.map((row) => row.cells());
  const lines: Line[] = [
    ...head(wide),
    ...withView(state.view, (view) => {
      const columns = view.columns(wide);
      // A sparkline needs more than one look.
      const kept = columns.flatMap(({ id }, at) => id === "throughput" ? [] : [at]);
      return tableLines(
        columns.filter((_, at) => kept.includes(at)),
        cells.map((row) => row.filter((_, at) => kept.includes(at))),
        { width: UNLIMITED, indent: "" },
      );
    }),
  ];
  return lines.map(plainLine).join("\n");
}

function head(state: TopState): Line[] {
  const { left, right } = titleOf(state);
  return [[...left, span("  "), ...right], totalsLine(state).slice(1)];
}
