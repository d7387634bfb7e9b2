import { columnsOf, type Row, sortableColumns } from "../arrange.ts";
import { moved, selectedRow, settle } from "./select.ts";
import { ACTIONS } from "./actions.ts";
import { bodyHeight } from "../screen/geometry.ts";
import type { Key, KeyName } from "./keys.ts";
import {
  type Action,
  type Mode,
  type Page,
  type Scope,
  type TopState,
  VIEW_NAMES,
  type ViewName,
  type ViewState,
} from "../state.ts";
import type { ProxyView } from "../../running/view.ts";

/** What happens to a state. */
export type Event =
  | { readonly kind: "key"; readonly key: Key }
  | { readonly kind: "resize"; readonly columns: number; readonly rows: number }
  | { readonly kind: "answer"; readonly status: ProxyView; readonly page: Page | undefined }
  | { readonly kind: "lost"; readonly why: string }
  | { readonly kind: "done"; readonly text: string }
  | { readonly kind: "failed"; readonly text: string }
  | { readonly kind: "tick" };

/** What is to be done after a step. */
export type Effect =
  | { readonly kind: "quit" }
  | { readonly kind: "redraw" }
  /** Ask the proxy now, not at the next turn. */
  | { readonly kind: "ask" }
  | { readonly kind: "act"; readonly action: Action };

/** A state, and what is to be done. */
export interface Step {
  readonly state: TopState;
  readonly effects: readonly Effect[];
}

/** How long what came of an action is shown. */
const NOTICE_MS = 5000;

/** The shortest and the longest time between two looks at the proxy. */
const INTERVALS_MS = [250, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000] as const;

/** Takes a state to the next: changes nothing but its history; what is to be done comes back as effects. */
export function step(state: TopState, event: Event, nowMs: number): Step {
  const now = { ...state, nowMs };
  const { state: next, effects } = react(now, event);
  return { state: settle(next), effects };
}

function react(state: TopState, event: Event): Step {
  switch (event.kind) {
    case "key":
      return pressed(state, event.key);
    case "resize":
      return same({ ...state, size: { columns: event.columns, rows: event.rows } });
    case "answer":
      return same(answered(state, event));
    case "lost":
      return same({
        ...state,
        link: {
          kind: "lost",
          why: event.why,
          sinceMs: state.link.kind === "lost" ? state.link.sinceMs : state.nowMs,
        },
      });
    case "done":
      return { state: noted(state, event.text, "good"), effects: [{ kind: "ask" }] };
    case "failed":
      return { state: noted(state, event.text, "bad"), effects: [{ kind: "ask" }] };
    case "tick":
      return same(state);
  }
}

function answered(state: TopState, { status, page }: Extract<Event, { kind: "answer" }>): TopState {
  const live: TopState = { ...state, link: { kind: "live" } };
  if (state.isFrozen) return live;
  state.history.add(status);
  if (page !== undefined) state.history.addSessions(page.view.sessions);
  return { ...live, status, page: page ?? state.page };
}

function pressed(state: TopState, key: Key): Step {
  if (key.kind === "key") {
    if (key.name === "interrupt") return { state, effects: [{ kind: "quit" }] };
    if (key.name === "redraw") return { state, effects: [{ kind: "redraw" }] };
  }
  switch (state.mode.kind) {
    case "filter":
      return same(filterKey(state, key, state.mode.before));
    case "confirm":
      return confirmKey(state, key, state.mode.action);
    case "help":
    case "details":
      return overlayKey(state, key);
    case "browse":
      return browseKey(state, key);
  }
}

function filterKey(state: TopState, key: Key, before: string): TopState {
  if (key.kind !== "key") {
    return { ...state, filter: `${state.filter}${key.text.replace(/\s+/g, " ")}`.slice(0, 200) };
  }
  switch (key.name) {
    case "enter":
    case "down":
      return browsing(state);
    case "escape":
      return { ...browsing(state), filter: before };
    case "backspace":
      return { ...state, filter: [...state.filter].slice(0, -1).join("") };
    case "erase":
      return { ...state, filter: "" };
    default:
      return state;
  }
}

function confirmKey(state: TopState, key: Key, action: Action): Step {
  if (key.kind === "text" && key.text.toLowerCase() === "y") {
    return { state: browsing(state), effects: [{ kind: "act", action }] };
  }
  const isNo = (key.kind === "text" && key.text.toLowerCase() === "n") ||
    (key.kind === "key" && (key.name === "escape" || key.name === "quit"));
  // Any other key leaves the question open: what is typed ahead must not answer it.
  return same(isNo ? browsing(state) : state);
}

function overlayKey(state: TopState, key: Key): Step {
  if (key.kind === "text" && key.text === "q" || key.kind === "key" && key.name === "quit") {
    return same(browsing(state));
  }
  if (state.mode.kind === "details" && key.kind === "key" && (key.name === "up" || key.name === "down")) {
    return same(moved(state, key.name === "up" ? -1 : 1));
  }
  if (state.mode.kind === "details" && key.kind === "text" && ACTIONS[key.text] !== undefined) {
    return browseKey(browsing(state), key);
  }
  const closes = key.kind === "text" && " ?hi".includes(key.text) ||
    key.kind === "key" && ["escape", "enter", "help"].includes(key.name);
  return same(closes ? browsing(state) : state);
}

function browseKey(state: TopState, key: Key): Step {
  if (key.kind === "paste") return same(state);
  if (key.kind === "key") return namedKey(state, key.name);
  const action = ACTIONS[key.text];
  if (action !== undefined) return same(asked(state, action));
  switch (key.text) {
    case "q":
      return { state, effects: [{ kind: "quit" }] };
    case "1":
    case "2":
    case "3":
      return shown(state, VIEW_NAMES[Number(key.text) - 1] ?? "apps", {});
    case "/":
      return same({ ...state, mode: { kind: "filter", before: state.filter } });
    case "?":
    case "h":
      return same({ ...state, mode: { kind: "help" } });
    case "i":
      return same(selectedRow(state) === undefined ? state : { ...state, mode: { kind: "details" } });
    case "s":
      return resorted(state, 1);
    case "S":
      return resorted(state, -1);
    case "r":
      return withSort(state, { isDescending: !state.views[state.view].sort.isDescending });
    case " ":
      return { state: { ...state, isFrozen: !state.isFrozen }, effects: [{ kind: "ask" }] };
    case "+":
    case "-":
      return same(repaced(state, key.text === "+" ? 1 : -1));
    default:
      return same(state);
  }
}

function namedKey(state: TopState, name: KeyName): Step {
  const page = Math.max(1, bodyHeight(state) - 1);
  switch (name) {
    case "up":
      return same(moved(state, -1));
    case "down":
      return same(moved(state, 1));
    case "page_up":
      return same(moved(state, -page));
    case "page_down":
      return same(moved(state, page));
    case "home":
      return same(moved(state, -Infinity));
    case "end":
      return same(moved(state, Infinity));
    case "tab":
    case "right":
      return turned(state, 1);
    case "back_tab":
    case "left":
      return turned(state, -1);
    case "enter":
      return opened(state);
    case "escape":
    case "backspace":
      return closed(state);
    case "help":
      return same({ ...state, mode: { kind: "help" } });
    case "quit":
      return { state, effects: [{ kind: "quit" }] };
    default:
      return same(state);
  }
}

/** Opens the selected row: an app's targets, a target's sessions, what is known of a session. */
function opened(state: TopState): Step {
  const row = selectedRow(state);
  if (row === undefined) return same(state);
  if (state.view === "apps") return shown(state, "targets", { app: row.scope.app });
  if (state.view === "targets") return shown(state, "sessions", row.scope);
  return same({ ...state, mode: { kind: "details" } });
}

/** Goes back by one: the filter, then what was opened. */
function closed(state: TopState): Step {
  if (state.filter !== "") return same({ ...state, filter: "" });
  const { app, target } = state.scope;
  if (target !== undefined) return shown(state, "targets", { app });
  if (app !== undefined) return shown(state, "apps", {});
  return same(state);
}

function turned(state: TopState, by: 1 | -1): Step {
  const at = VIEW_NAMES.indexOf(state.view);
  const next = VIEW_NAMES[(at + by + VIEW_NAMES.length) % VIEW_NAMES.length] ?? "apps";
  return shown(state, next, {});
}

function shown(state: TopState, view: ViewName, scope: Scope): Step {
  return { state: { ...state, view, scope }, effects: [{ kind: "ask" }] };
}

function resorted(state: TopState, by: 1 | -1): Step {
  const names = sortableColumns(state.view, state);
  const at = names.indexOf(state.views[state.view].sort.column);
  const column = names[(at + by + names.length) % names.length];
  if (column === undefined) return same(state);
  const isText = columnsOf(state).find(({ id }) => id === column)?.align !== "right";
  return withSort(state, { column, isDescending: !isText });
}

function withSort(state: TopState, sort: Partial<ViewState["sort"]>): Step {
  const view = state.views[state.view];
  const next = { ...view, sort: { ...view.sort, ...sort } };
  return { state: { ...state, views: { ...state.views, [state.view]: next } }, effects: [{ kind: "ask" }] };
}

function repaced(state: TopState, by: 1 | -1): TopState {
  const at = INTERVALS_MS.findIndex((ms) => ms >= state.intervalMs);
  const intervalMs = INTERVALS_MS[(at < 0 ? INTERVALS_MS.length - 1 : at) + by] ?? state.intervalMs;
  return noted({ ...state, intervalMs }, `every ${intervalMs / 1000} s`, "good");
}

function asked(state: TopState, action: (state: TopState, row: Row) => Mode | string): TopState {
  const row = selectedRow(state);
  if (row === undefined) return state;
  const mode = action(state, row);
  return typeof mode === "string" ? noted(state, mode, "warn") : { ...state, mode };
}

function noted(state: TopState, text: string, tone: "good" | "bad" | "warn"): TopState {
  return { ...state, notice: { text, tone, untilMs: state.nowMs + NOTICE_MS } };
}

function browsing(state: TopState): TopState {
  return { ...state, mode: { kind: "browse" } };
}

function same(state: TopState): Step {
  return { state, effects: [] };
}
