import type { Cell, Column } from "../../terminal/table.ts";
import type { Rates } from "../history.ts";
import type { Scope, TopState, ViewName } from "../state.ts";
import { shortByteRate, shortBytes, shortRate } from "../../terminal/quantities.ts";

/** A column of a view. */
export interface ViewColumn<Item> extends Column {
  /** Its name for `--sort`. */
  readonly id: string;
  cell(item: Item, state: TopState): Cell;
  /** What rows are sorted by; a column without it has no order. Numbers sort the largest first. */
  value?(item: Item): number | string;
}

/** One way to look at the proxy: what its rows are. */
export interface View<Item> {
  readonly name: ViewName;
  readonly title: string;
  /** The columns in this state: what the scope says already is left out. */
  columns(state: TopState): readonly ViewColumn<Item>[];
  items(state: TopState): readonly Item[];
  key(item: Item): string;
  /** What a filter looks at. */
  words(item: Item): string;
  /** All that is known of an item, a line each. */
  details(item: Item, state: TopState): readonly (readonly [label: string, text: string])[];
  /** What an item stands for, when it is opened or acted upon. */
  scopeOf(item: Item): Scope;
}

/** What is not known yet. */
export const UNKNOWN: Cell = { text: "-", tone: "dim" };

/** A number, or a dash where nobody counts. */
export function numberCell(
  value: number | null | undefined,
  format: (value: number) => string = String,
): Cell {
  if (value === null || value === undefined) return UNKNOWN;
  return value === 0 ? { text: format(0), tone: "dim" } : { text: format(value) };
}

/** Connections per second. */
export function connectionRateCell(rates: Rates | undefined): Cell {
  return numberCell(rates?.connections, shortRate);
}

/** A count, and its limit where there is one: `12/100`. */
export function countCell(
  count: number | null,
  limit: number | null,
  format: (value: number) => string,
): Cell {
  const cell = numberCell(count, format);
  if (limit === null) return cell;
  const isFull = count !== null && count >= limit;
  return { text: `${cell.text}/${format(limit)}`, tone: isFull ? "warn" : cell.tone ?? "plain" };
}

/** The column of the bytes per second of one direction. */
export function rateColumn<Item extends { readonly rates: Rates | undefined }>(
  way: "up" | "down",
  rank?: number,
): ViewColumn<Item> {
  return {
    id: `${way}_rate`,
    title: way === "up" ? "UP/S" : "DOWN/S",
    align: "right",
    least: 7,
    ...(rank === undefined ? {} : { rank }),
    cell: ({ rates }) => numberCell(rates?.[way], shortByteRate),
    value: ({ rates }) => rates?.[way] ?? -1,
  };
}

/** Bytes per second of both directions: `1.2K up, 3M down`. */
export function perSecondText(rates: Rates | undefined): string {
  return rates === undefined ? "-" : `${shortBytes(rates.up)} up, ${shortBytes(rates.down)} down`;
}

/** A count and its limit, if there is one: `3 of 10`. */
export function countOfText(count: number | null, limit: number | null): string {
  return `${count ?? "-"}${limit === null ? "" : ` of ${limit}`}`;
}
