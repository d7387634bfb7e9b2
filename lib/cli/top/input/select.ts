import { type Row, rowsOf } from "../arrange.ts";
import { bodyHeight } from "../screen/geometry.ts";
import type { Mode, TopState, ViewState } from "../state.ts";

/** Selects the row so many places further down. */
export function moved(state: TopState, by: number): TopState {
  const { rows } = rowsOf(state);
  const view = state.views[state.view];
  const at = rows.findIndex(({ key }) => key === view.selected);
  const index = Math.max(0, Math.min(rows.length - 1, (at < 0 ? view.index : at) + by));
  // The first place stays selected whatever row comes to stand there: else the top of the list would be followed away.
  return withSelection(state, { ...view, selected: index === 0 ? undefined : rows[index]?.key, index });
}

/** Keeps the selection on its row, or on the one that took its place, and the row on the screen. */
export function settle(state: TopState): TopState {
  const { rows } = rowsOf(state);
  const view = state.views[state.view];
  const isPinned = view.selected !== undefined;
  const found = isPinned ? rows.findIndex(({ key }) => key === view.selected) : -1;
  const index = found >= 0 ? found : Math.max(0, Math.min(rows.length - 1, view.index));
  const height = bodyHeight(state);
  const most = Math.max(0, rows.length - height);
  const offset = Math.max(0, Math.min(most, Math.max(index - height + 1, Math.min(index, view.offset))));
  const mode: Mode = state.mode.kind === "details" && rows.length === 0 ? { kind: "browse" } : state.mode;
  const notice = state.notice !== undefined && state.notice.untilMs <= state.nowMs ? undefined : state.notice;
  return withSelection({ ...state, mode, notice }, {
    ...view,
    selected: isPinned ? rows[index]?.key : undefined,
    index,
    offset,
  });
}

/** Returns the row that is selected. */
export function selectedRow(state: TopState): Row | undefined {
  return rowsOf(state).rows[state.views[state.view].index];
}

function withSelection(state: TopState, view: ViewState): TopState {
  return { ...state, views: { ...state.views, [state.view]: view } };
}
