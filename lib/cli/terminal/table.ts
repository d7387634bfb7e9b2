import { fit, widthOf } from "./cells.ts";
import { type Line, type Span, span, type Tone } from "./line.ts";

/** A column of a table. */
export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** Columns with the smallest number are kept longest when room is short; 0 always. Default 0. */
  readonly rank?: number;
  /** Whether it gives up width before another column goes, and takes what is left over; default false. */
  readonly isElastic?: boolean;
  /** The least width: of an elastic column how far it gives way, default 12; of another default that of its title. */
  readonly least?: number;
}

/** A cell: its text, and what it means. */
export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
}

/** Where each column of a table stands. */
export interface Layout {
  readonly columns: readonly { readonly index: number; readonly width: number }[];
}

export interface TableOptions {
  readonly width: number;
  /** What stands before each row: default two spaces. */
  readonly indent?: string;
  /** Whether an elastic column takes all that is left over; default false: no wider than its content. */
  readonly fills?: boolean;
}

const GAP = 2;
const LEAST = 12;

/** Chooses columns and widths: those of the highest rank go until the others have room. */
export function layOut(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  { width, indent = "  ", fills = false }: TableOptions,
): Layout {
  const natural = columns.map(({ title, isElastic, least = 0 }, index) =>
    rows.reduce(
      (widest, row) => Math.max(widest, widthOf(row[index]?.text ?? "")),
      Math.max(widthOf(title), isElastic === true ? 0 : least),
    )
  );
  const least = columns.map(({ isElastic, least = LEAST }, index) =>
    isElastic === true ? Math.min(natural[index] ?? 0, least) : natural[index] ?? 0
  );
  const kept = new Set(columns.keys());
  const room = width - widthOf(indent);
  const taken = (): number => [...kept].reduce((sum, index) => sum + (least[index] ?? 0) + GAP, -GAP);
  while (taken() > room) {
    const [first] = [...kept].filter((index) => (columns[index]?.rank ?? 0) > 0)
      .sort((a, b) => (columns[b]?.rank ?? 0) - (columns[a]?.rank ?? 0) || b - a);
    if (first === undefined) break;
    kept.delete(first);
  }
  const widths = columns.map((_, index) => least[index] ?? 0);
  let over = Math.max(0, room - taken());
  const elastic = [...kept].filter((index) => columns[index]?.isElastic === true);
  for (const index of elastic) {
    const more = Math.min(over, (natural[index] ?? 0) - (widths[index] ?? 0));
    widths[index] = (widths[index] ?? 0) + more;
    over -= more;
  }
  const last = elastic.at(-1);
  if (fills && last !== undefined) widths[last] = (widths[last] ?? 0) + over;
  return { columns: [...kept].sort((a, b) => a - b).map((index) => ({ index, width: widths[index] ?? 0 })) };
}

/** Returns the line of the titles. */
export function titleLine(columns: readonly Column[], layout: Layout, options: TableOptions): Line {
  const row = columns.map(({ title }): Cell => ({ text: title }));
  return rowLine(columns, row, { ...options, layout, tone: "dim" });
}

/** Returns the line of a row. `tone` stands in for that of cells without one. */
export function rowLine(
  columns: readonly Column[],
  row: readonly Cell[],
  { layout, indent = "  ", tone = "plain" }: TableOptions & { readonly layout: Layout; readonly tone?: Tone },
): Line {
  const spans: Span[] = [span(indent, tone)];
  for (const [at, { index, width }] of layout.columns.entries()) {
    const cell = row[index] ?? { text: "" };
    if (at > 0) spans.push(span(" ".repeat(GAP), tone));
    spans.push(span(fit(cell.text, width, columns[index]?.align), cell.tone ?? tone));
  }
  return spans;
}

/** Returns a whole table, titles first. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  options: TableOptions,
): Line[] {
  const layout = layOut(columns, rows, options);
  return [
    titleLine(columns, layout, options),
    ...rows.map((row) => rowLine(columns, row, { ...options, layout })),
  ];
}
