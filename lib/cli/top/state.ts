import type { ProxyView, SessionsView } from "../running/view.ts";
import type { History } from "./history.ts";

/** The views, in the order of their keys: 1, 2, 3. */
export const VIEW_NAMES = ["apps", "targets", "sessions"] as const;

/** One of {@link VIEW_NAMES}. */
export type ViewName = typeof VIEW_NAMES[number];

/** What a view is narrowed to: the app or target that was opened. */
export interface Scope {
  readonly app?: string | undefined;
  readonly target?: string | undefined;
}

/** A column that rows are sorted by. */
export interface Sort {
  readonly column: string;
  readonly isDescending: boolean;
}

/** How one view is set up. */
export interface ViewState {
  readonly sort: Sort;
  /** The key of the selected row, which the selection stays with, whatever the order does; `undefined`: the first place. */
  readonly selected: string | undefined;
  /** Where the selected row is. */
  readonly index: number;
  /** How many rows are above the first one shown. */
  readonly offset: number;
}

/** What is asked of the proxy. */
export type Action =
  | { readonly kind: "kill"; readonly filter: { readonly id: string } | Scope }
  | {
    readonly kind: "target";
    readonly app: string;
    readonly target: string;
    readonly to: "ready" | "drain" | "down";
  }
  | { readonly kind: "app"; readonly app: string; readonly to: "paused" | "accepting" };

/** What keys do. */
export type Mode =
  | { readonly kind: "browse" }
  | { readonly kind: "filter"; readonly before: string }
  | { readonly kind: "help" }
  | { readonly kind: "details" }
  | { readonly kind: "confirm"; readonly question: string; readonly action: Action };

/** Whether the proxy answers. */
export type Link =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  | { readonly kind: "lost"; readonly why: string; readonly sinceMs: number };

/** What came of an action. */
export interface Notice {
  readonly text: string;
  readonly tone: "good" | "bad" | "warn";
  readonly untilMs: number;
}

/** The sessions of a scope. */
export interface Page {
  readonly scope: Scope;
  readonly view: SessionsView;
}

/** Returns the sessions of what is shown; `undefined` until the proxy has answered that. */
export function pageOf({ page, scope }: TopState): SessionsView | undefined {
  return page?.scope.app === scope.app && page?.scope.target === scope.target ? page?.view : undefined;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** All that the screen is made of. */
export interface TopState {
  /** Where the proxy is: `http://127.0.0.1:9900`. */
  readonly source: string;
  readonly size: Size;
  readonly nowMs: number;
  readonly intervalMs: number;
  readonly view: ViewName;
  readonly scope: Scope;
  readonly views: Readonly<Record<ViewName, ViewState>>;
  /** Words that each row shown must have. */
  readonly filter: string;
  readonly mode: Mode;
  readonly link: Link;
  /** Whether what is shown stands still. */
  readonly isFrozen: boolean;
  readonly notice: Notice | undefined;
  readonly status: ProxyView | undefined;
  readonly page: Page | undefined;
  readonly history: History;
}

/** What a state begins with. */
export interface Start {
  readonly source: string;
  readonly size: Size;
  readonly nowMs: number;
  readonly intervalMs: number;
  readonly view: ViewName;
  readonly filter: string;
  readonly history: History;
}

const FIRST: Omit<ViewState, "sort"> = { selected: undefined, index: 0, offset: 0 };

/** Returns the state before the first answer. */
export function initialState(start: Start): TopState {
  return {
    ...start,
    scope: {},
    views: {
      apps: { ...FIRST, sort: { column: "sessions", isDescending: true } },
      targets: { ...FIRST, sort: { column: "app", isDescending: false } },
      sessions: { ...FIRST, sort: { column: "down_rate", isDescending: true } },
    },
    mode: { kind: "browse" },
    link: { kind: "connecting" },
    isFrozen: false,
    notice: undefined,
    status: undefined,
    page: undefined,
  };
}
