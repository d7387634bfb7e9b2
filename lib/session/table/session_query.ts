import { type Address, type Cidr, formatCidr } from "../../base/mod.ts";
import { CidrSet } from "../../limits/mod.ts";

/** What a live session is doing. */
export const SESSION_STATES = ["inspecting", "dialing", "relaying", "lingering"] as const;
export type SessionState = typeof SESSION_STATES[number];

/** What sessions can be sorted by. */
export const SESSION_SORTS = ["age", "idle", "bytes_up", "bytes_down", "id"] as const;
export type SessionSort = typeof SESSION_SORTS[number];

/** Which sessions are meant: those that fit everything that is given. */
export interface SessionFilter {
  readonly id?: number | undefined;
  readonly app?: string | undefined;
  /** A target's label, or the address that was dialed. */
  readonly target?: string | undefined;
  /** Clients on unix sockets are in no block. */
  readonly client?: Cidr | undefined;
  readonly state?: SessionState | undefined;
}

export interface SessionQuery {
  readonly filter: SessionFilter;
  readonly sort: SessionSort;
  readonly order: "asc" | "desc";
  readonly limit: number;
}

/** What a session is sorted by, besides its own facts. */
export interface SortedSession {
  readonly id: number;
  readonly ageMs: number;
  /** Since the last byte in either direction. */
  readonly idleMs: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

/** What a filter looks at. */
export interface FilteredSession {
  readonly id: number;
  readonly app: { readonly name: string };
  readonly client: Address;
  readonly target: { readonly label: string; readonly target: { readonly label: string } } | undefined;
  readonly stage: SessionState | "ended";
  /** Whether its sockets are closed, so that it is about to end. */
  readonly aborted: boolean;
}

/** Compiles a filter. An ended session fits none. */
export function sessionMatcher(filter: SessionFilter): (session: FilteredSession) => boolean {
  const { id, app, target, client, state } = filter;
  const clients = client && new CidrSet([client]);
  return (session) =>
    session.stage !== "ended" && !session.aborted &&
    (id === undefined || session.id === id) &&
    (app === undefined || session.app.name === app) &&
    (state === undefined || session.stage === state) &&
    (target === undefined || session.target?.target.label === target || session.target?.label === target) &&
    (clients === undefined ||
      (session.client.kind === "tcp" && clients.find(session.client.host) !== undefined));
}

/** Describes a filter in words for the log: `app "web", client 10.0.0.0/8`; `all` for one without conditions. */
export function describeFilter({ id, app, target, client, state }: SessionFilter): string {
  const parts = [
    ...id === undefined ? [] : [`#${id}`],
    ...app === undefined ? [] : [`app "${app}"`],
    ...target === undefined ? [] : [`target ${target}`],
    ...client === undefined ? [] : [`client ${formatCidr(client)}`],
    ...state === undefined ? [] : [state],
  ];
  return parts.length === 0 ? "all" : parts.join(", ");
}

/** Returns the first `limit` sessions in the order of the query; those that are alike, by id. */
export function firstSessions<S extends SortedSession>(sessions: readonly S[], query: SessionQuery): S[] {
  const { sort, order, limit } = query;
  const sign = order === "asc" ? 1 : -1;
  const key = (session: S): number => sign * sortKey(session, sort);
  const id = (session: S): number => sign * session.id;
  // Numbers sort an order of magnitude faster without a function that compares them.
  const last = nth(sessions.map(key), limit);
  const certain = sessions.filter((session) => key(session) < last);
  const tied = sessions.filter((session) => key(session) === last);
  const lastTied = nth(tied.map(id), limit - certain.length);
  return [...certain, ...tied.filter((session) => id(session) <= lastTied)]
    .map((session) => ({ session, key: key(session), id: id(session) }))
    .sort((a, b) => a.key - b.key || a.id - b.id)
    .map(({ session }) => session);
}

/** Returns the number that is at place `count`, from 1, when they are sorted; the last where there are fewer. */
function nth(numbers: readonly number[], count: number): number {
  if (count <= 0) return -Infinity;
  const sorted = Float64Array.from(numbers).sort();
  return sorted[Math.min(count, sorted.length) - 1] ?? -Infinity;
}

/** Larger is older, quieter, busier. */
function sortKey(
  { id, ageMs, idleMs, bytesUp, bytesDown }: SortedSession,
  sort: SessionSort,
): number {
  switch (sort) {
    case "id":
      return id;
    case "age":
      return ageMs;
    case "idle":
      return idleMs;
    case "bytes_up":
      return bytesUp;
    case "bytes_down":
      return bytesDown;
  }
}
