import type { TopState } from "../state.ts";

/** The smallest screen that everything fits on. */
export const SMALLEST = { columns: 40, rows: 8 } as const;

/** Below this height the sparklines go. */
const SPARK_ROWS = 16;

/** Whether the sparklines have room. */
export function hasSparklines({ size }: Pick<TopState, "size">): boolean {
  return size.rows >= SPARK_ROWS;
}

/** How many lines there are above the rows: title, totals, sparklines, tabs, titles of the columns. */
export function headHeight(state: Pick<TopState, "size">): number {
  return hasSparklines(state) ? 6 : 4;
}

/** How many rows there is room for; the last line is that of the keys. */
export function bodyHeight(state: Pick<TopState, "size">): number {
  return Math.max(1, state.size.rows - headHeight(state) - 1);
}
