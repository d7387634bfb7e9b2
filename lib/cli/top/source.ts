import type { ProxyView, SessionsView } from "../running/view.ts";
import type { Action, Page, TopState, ViewName } from "./state.ts";

/** Which sessions are asked for. */
export interface SessionQuery {
  readonly app?: string | undefined;
  readonly target?: string | undefined;
  readonly sort?: string | undefined;
  readonly order?: "asc" | "desc" | undefined;
  readonly limit: number;
}

/** The proxy that is looked at. */
export interface TopSource {
  /** Its URL. */
  readonly url: string;
  /** @throws when it does not answer; the message says why. */
  status(): Promise<ProxyView>;
  /** @throws when it does not answer; the message says why. */
  sessions(query: SessionQuery): Promise<SessionsView>;
  /** The JSON that a view is made of, as the proxy answers it. @throws when it does not answer; the message says why. */
  json(view: ViewName): Promise<unknown>;
  /** Does it, and says in a few words what came of it. @throws when it is refused; the message says why. */
  act(action: Action): Promise<string>;
}

/** Asks for what a state shows. @throws when the proxy does not answer; the message says why. */
export async function askFor(
  source: TopSource,
  state: TopState,
): Promise<{ readonly kind: "answer"; readonly status: ProxyView; readonly page: Page | undefined }> {
  const query = sessionQuery(state);
  const [status, view] = await Promise.all([
    source.status(),
    query === undefined ? undefined : source.sessions(query),
  ]);
  return { kind: "answer", status, page: view === undefined ? undefined : { scope: state.scope, view } };
}

/** How many sessions are asked for at once: more than anybody reads, and few enough to ask for every second. */
const LIMIT = 1000;

/** The columns by which the proxy itself can sort. */
const SERVER_SORTS: Readonly<Record<string, string>> = {
  id: "id",
  age: "age",
  idle: "idle",
  up: "bytes_up",
  down: "bytes_down",
};

/** Returns what to ask for, so that the view of sessions has what it shows; `undefined` while another view is shown. */
function sessionQuery(state: TopState): SessionQuery | undefined {
  if (state.view !== "sessions") return undefined;
  const { sort } = state.views.sessions;
  const server = SERVER_SORTS[sort.column];
  return {
    ...state.scope,
    limit: LIMIT,
    ...(server === undefined ? {} : { sort: server, order: sort.isDescending ? "desc" : "asc" }),
  };
}
