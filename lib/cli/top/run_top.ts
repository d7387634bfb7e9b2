import type { ColorChoice } from "../../log/mod.ts";
import type { Io } from "../io.ts";
import { isColored } from "../terminal/is_colored.ts";
import { sortableColumns } from "./arrange.ts";
import { History } from "./history.ts";
import { runLive } from "./live.ts";
import { snapshotText } from "./screen/plain.ts";
import { askFor, type TopSource } from "./source.ts";
import { initialState, type TopState, type ViewName } from "./state.ts";
import { step } from "./input/step.ts";
import { isInteractive, type TerminalEnd } from "./terminal.ts";

export interface TopOptions {
  readonly view: ViewName;
  readonly filter: string;
  /** The column to sort by; default that of the view. */
  readonly sort: string | undefined;
  readonly intervalMs: number;
  /** How many snapshots to print; `undefined`: the live view on a terminal, one snapshot elsewhere. */
  readonly count: number | undefined;
  readonly isJson: boolean;
  readonly color: ColorChoice;
}

/** Returns the columns that a view can be sorted by, for messages. */
export function sortNames(view: ViewName): readonly string[] {
  return sortableColumns(view, beginning({ url: "" }, { view, filter: "", intervalMs: 1000 }));
}

/** Shows a proxy until the user quits, or prints so many snapshots. Rejects when the proxy does not answer at all. */
export async function runTop(
  source: TopSource,
  options: TopOptions,
  io: Io,
): Promise<TerminalEnd | undefined> {
  if (options.isJson) {
    await printJson(source, options, io);
    return undefined;
  }
  const start = await answered(source, sorted(beginning(source, options), options.sort));
  const isLive = options.count === undefined && isInteractive() && !isDumb();
  if (isLive) {
    return await runLive(source, start, isColored(options.color) ? "color" : "mono");
  }
  await printSnapshots(source, start, { ...options, io });
  return undefined;
}

function beginning(
  { url }: Pick<TopSource, "url">,
  { view, filter, intervalMs }: Pick<TopOptions, "view" | "filter" | "intervalMs">,
): TopState {
  const size = { columns: 80, rows: 24 };
  return initialState({
    source: url,
    size,
    nowMs: Date.now(),
    intervalMs,
    view,
    filter,
    history: new History(),
  });
}

function sorted(state: TopState, sort: string | undefined): TopState {
  if (sort === undefined) return state;
  const isDescending = !["app", "target", "client", "state", "sni"].includes(sort);
  const view = { ...state.views[state.view], sort: { column: sort, isDescending } };
  return { ...state, views: { ...state.views, [state.view]: view } };
}

/** Asks once. */
async function answered(source: TopSource, state: TopState): Promise<TopState> {
  return step(state, await askFor(source, state), Date.now()).state;
}

async function printSnapshots(
  source: TopSource,
  start: TopState,
  { count = 1, intervalMs, io }: TopOptions & { readonly io: Io },
): Promise<void> {
  let state = start;
  for (let number = 1;; number++) {
    await io.print(number === 1 ? snapshotText(state) : `\n${snapshotText(state)}`);
    if (number >= count) return;
    await pause(intervalMs);
    state = await answered(source, state);
  }
}

async function printJson(
  source: TopSource,
  { view, count = 1, intervalMs }: TopOptions,
  io: Io,
): Promise<void> {
  for (let number = 1;; number++) {
    await io.print(JSON.stringify(await source.json(view)));
    if (number >= count) return;
    await pause(intervalMs);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Whether the terminal can do nothing but write lines. The runtime may not be allowed to look: then it can do more. */
function isDumb(): boolean {
  const permission = Deno.permissions.querySync({ name: "env", variable: "TERM" });
  return permission.state === "granted" && Deno.env.get("TERM") === "dumb";
}
