import { fit, widthOf } from "../../terminal/cells.ts";
import {
  clipLine,
  fitLine,
  type Line,
  lineWidth,
  plainLine,
  retone,
  type Span,
  span,
  spread,
} from "../../terminal/line.ts";
import { layOut, rowLine, titleLine } from "../../terminal/table.ts";
import { type Row, rowsOf } from "../arrange.ts";
import { bodyHeight, hasSparklines, SMALLEST } from "./geometry.ts";
import { helpLines } from "./help.ts";
import { sparkLines, titleBar, totalsLine } from "./head.ts";
import type { Cursor } from "./screen.ts";
import { pageOf, type TopState, VIEW_NAMES } from "../state.ts";
import { withView } from "../views/all.ts";

/** What the screen is to show. */
export interface Frame {
  readonly lines: readonly Line[];
  /** Where something is typed. */
  readonly cursor: Cursor | undefined;
}

/** Draws a state: exactly as many lines as the screen has rows, none wider than it has columns. */
export function frameOf(state: TopState): Frame {
  const { columns, rows } = state.size;
  if (columns < SMALLEST.columns || rows < SMALLEST.rows) {
    const words = `too small: ${SMALLEST.columns} x ${SMALLEST.rows} is the least`;
    return { lines: exactly([[span(words, "bold")]], columns, rows), cursor: undefined };
  }
  const over = overlayLines(state);
  if (over !== undefined) {
    const lines = [titleBar(state), ...exactly(over, columns, rows - 2), ...footLines(state)];
    return { lines: exactly(lines, columns, rows), cursor: undefined };
  }
  const head = [
    titleBar(state),
    totalsLine(state),
    ...(hasSparklines(state) ? sparkLines(state) : []),
    tabsLine(state),
  ];
  const foot = footLines(state);
  const lines = [...head, ...exactly(bodyLines(state), columns, rows - head.length - foot.length), ...foot];
  const cursor = state.mode.kind === "filter"
    ? { row: rows - 1, column: Math.min(columns - 1, lineWidth(filterPrompt(state))) }
    : undefined;
  return { lines: exactly(lines, columns, rows), cursor };
}

/** What is shown in place of everything but the first and the last line; `undefined` for nothing. */
function overlayLines(state: TopState): Line[] | undefined {
  const { columns, rows } = state.size;
  if (state.mode.kind === "help") return helpLines({ columns, rows: rows - 2 });
  if (state.mode.kind !== "details") return undefined;
  const row = rowsOf(state).rows[state.views[state.view].index];
  return row === undefined ? undefined : detailLines(row, state);
}

function bodyLines(state: TopState): Line[] {
  const { rows, total } = rowsOf(state);
  const all = tableLines(state, rows);
  return rows.length > 0 ? all : [...all, [span(`  ${emptyText(state, total)}`, "dim")]];
}

function tableLines(state: TopState, rows: readonly Row[]): Line[] {
  return withView(state.view, (view) => {
    const columns = view.columns(state).map((column) => {
      const { sort } = state.views[state.view];
      return column.id === sort.column
        ? { ...column, title: `${column.title}${sort.isDescending ? "▾" : "▴"}` }
        : column;
    });
    const { offset, index } = state.views[state.view];
    const shown = rows.slice(offset, offset + bodyHeight(state));
    const cells = shown.map((row) => row.cells());
    const options = { width: state.size.columns, indent: " ", fills: true };
    const layout = layOut(columns, cells, options);
    const isOld = state.link.kind === "lost";
    return [
      fitLine(retone(titleLine(columns, layout, options), "title"), state.size.columns, "title"),
      ...cells.map((row, at) => {
        const line = fitLine(rowLine(columns, row, { ...options, layout }), state.size.columns);
        if (offset + at === index) return retone(line, "selected");
        return isOld ? retone(line, "dim") : line;
      }),
    ];
  });
}

function emptyText(state: TopState, total: number): string {
  const { link, filter, view, status } = state;
  if (status === undefined || (view === "sessions" && pageOf(state) === undefined)) {
    return link.kind === "lost" ? "waiting for the proxy" : "asking the proxy …";
  }
  if (total > 0) return `nothing matches "${filter}"; Esc clears the filter`;
  return view === "sessions" ? "no sessions" : `no ${view}`;
}

function detailLines(row: Row, state: TopState): Line[] {
  const details = row.details();
  const width = Math.max(...details.map(([label]) => widthOf(label)));
  const lines: Line[] = [
    [],
    ...details.flatMap(([label, text]) => {
      const room = Math.max(10, state.size.columns - width - 6);
      return wrapped(text, room).map((part, at): Line => [
        span(`  ${fit(at === 0 ? label : "", width)}  `, "dim"),
        span(part),
      ]);
    }),
  ];
  return lines;
}

/** Divides a text at spaces into lines of at most so many cells, where that is possible. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** The views, with how much each has; filter and order at the right. */
function tabsLine(state: TopState): Line {
  const counts = {
    apps: countOf(state, "apps"),
    targets: countOf(state, "targets"),
    sessions: state.status?.sessions,
  };
  const tabs = VIEW_NAMES.flatMap((name, at): Span[] => {
    const title = withView(name, (view) => view.title);
    const text = ` ${at + 1} ${title}${counts[name] === undefined ? "" : ` ${counts[name]}`} `;
    return [span(text, name === state.view ? "selected" : "dim"), span(" ")];
  });
  const { app, target } = state.scope;
  const scope = [app, target].filter((part) => part !== undefined).join(" › ");
  const left: Line = [...tabs, ...(scope === "" ? [] : [span(` ${scope}`, "accent")])];
  const { rows, total } = rowsOf(state);
  const page = state.view === "sessions" ? pageOf(state) : undefined;
  const more = page !== undefined && page.matched > total
    ? [span(` ${total} of ${page.matched} shown`, "warn")]
    : [];
  const filter = state.filter === "" || state.mode.kind === "filter"
    ? []
    : [span(` /${state.filter}`, "warn"), span(` ${rows.length} of ${total}`, "dim")];
  return clipLine(spread(left, [...more, ...filter, span(" ")], state.size.columns), state.size.columns);
}

function countOf({ status }: TopState, what: "apps" | "targets"): number | undefined {
  if (status === undefined || what === "apps") return status?.apps.length;
  return status.apps.reduce(
    (sum, { targets, routes }) =>
      sum + routes.reduce((all, route) => all + route.targets.length, targets.length),
    0,
  );
}

/** The last lines: a question, the filter that is typed, what came of an action, or the keys. */
function footLines(state: TopState): Line[] {
  return state.mode.kind === "confirm" ? questionLines(state.mode.question, state) : [footLine(state)];
}

/** A question whose end nobody can read is none: it takes as many lines as it needs. */
function questionLines(question: string, { size }: TopState): Line[] {
  const answers: Line = [span("  "), span(" y ", "key"), span(" yes  "), span(" n ", "key"), span(" no")];
  const lines = wrapped(question, size.columns - 1).slice(0, 3).map((
    text,
  ): Line => [span(` ${text}`, "bad")]);
  const last = lines.at(-1) ?? [];
  const isShort = lineWidth(last) + lineWidth(answers) <= size.columns;
  return isShort ? [...lines.slice(0, -1), [...last, ...answers]] : [...lines, answers];
}

function footLine(state: TopState): Line {
  const { mode, notice, size } = state;
  if (mode.kind === "filter") {
    return spread(filterPrompt(state), [span("Enter keeps it, Esc drops it ", "dim")], size.columns);
  }
  if (mode.kind === "help" || mode.kind === "details") {
    return [
      span(" Esc ", "key"),
      span("Back  "),
      ...(mode.kind === "help" ? [] : [span(" ↑↓ ", "key"), span("Others")]),
    ];
  }
  if (notice !== undefined) return [span(` ${notice.text}`, notice.tone)];
  return keysLine(state);
}

function filterPrompt({ filter }: TopState): Line {
  return [span(" Filter: ", "bold"), span(filter)];
}

/** As many of the keys as there is room for, the most wanted first. */
function keysLine({ view, size }: TopState): Line {
  const keys: readonly (readonly [key: string, what: string])[] = [
    ["q", "Quit"],
    ["?", "Help"],
    ["/", "Filter"],
    ["s", "Sort"],
    ["⏎", view === "sessions" ? "Details" : "Open"],
    ["k", "Kill"],
    ...(view === "targets" ? [["d", "Drain"], ["m", "Maint"]] as const : []),
    ["p", "Pause app"],
    ["i", "Info"],
    ["␣", "Freeze"],
  ];
  const line: Span[] = [];
  for (const [key, what] of keys) {
    const next = [span(` ${key} `, "key"), span(`${what} `)];
    if (lineWidth([...line, ...next]) > size.columns) break;
    line.push(...next);
  }
  return line;
}

/** Cuts and fills to a size. */
function exactly(lines: readonly Line[], columns: number, rows: number): Line[] {
  return Array.from({ length: rows }, (_, row) => clipLine(lines[row] ?? [], columns));
}

/** Returns the frame as text, for a test or a terminal that can do nothing. */
export function frameText({ lines }: Frame): string {
  return lines.map(plainLine).join("\n");
}
