import { CidrError, parseCidr } from "../../../base/mod.ts";
import {
  SESSION_SORTS,
  SESSION_STATES,
  type SessionFilter,
  type SessionQuery,
} from "../../../session/mod.ts";
import { ProblemError } from "../../problem_error.ts";
import type { Parameter } from "../../openapi/description.ts";
import { oneOf, queryFields, wholeNumber } from "../../request_fields.ts";

const FILTERS = ["app", "target", "client", "state"] as const;
const ORDERS = ["desc", "asc"] as const;

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 10_000;

/** The parameters of a filter, as the API's description has them. */
export const FILTER_PARAMETERS: readonly Parameter[] = [
  { name: "app", in: "query", description: "The app's name" },
  { name: "target", in: "query", description: "The target's address", example: "10.0.0.5:5432" },
  {
    name: "client",
    in: "query",
    description: "The client's address, or the block that it is in",
    example: "10.0.0.0/8",
  },
  {
    name: "state",
    in: "query",
    description: "What the session is doing",
    schema: { type: "string", enum: SESSION_STATES },
  },
];

/** Those of a list. */
export const LIST_PARAMETERS: readonly Parameter[] = [
  ...FILTER_PARAMETERS,
  {
    name: "sort",
    in: "query",
    description: "What to sort by",
    schema: { type: "string", enum: SESSION_SORTS, default: "id" },
  },
  {
    name: "order",
    in: "query",
    description: "The largest first (`desc`), or the smallest (`asc`)",
    schema: { type: "string", enum: ORDERS, default: "desc" },
  },
  {
    name: "limit",
    in: "query",
    description: "How many to list",
    schema: { type: "integer", minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT },
  },
];

/** @throws {ProblemError} 400 */
export function listQuery(query: URLSearchParams): SessionQuery {
  const fields = queryFields(query, [...FILTERS, "sort", "order", "limit"]);
  const { sort = "id", order = "desc", limit = String(DEFAULT_LIMIT) } = fields;
  return {
    filter: filterOf(fields),
    sort: oneOf("sort", sort, SESSION_SORTS),
    order: oneOf("order", order, ORDERS),
    limit: wholeNumber("limit", limit, { min: 1, max: MAX_LIMIT }),
  };
}

/** @throws {ProblemError} 400, also where neither a filter nor `all=true` is given. */
export function endQuery(query: URLSearchParams): SessionFilter {
  const { all, ...fields } = queryFields(query, [...FILTERS, "all"]);
  const isAll = all === undefined ? false : oneOf("all", all, ["true", "false"]) === "true";
  const hasFilter = Object.keys(fields).length > 0;
  if (isAll && hasFilter) {
    throw new ProblemError(400, '"all=true" is given beside a filter; keep one of the two');
  }
  if (!isAll && !hasFilter) {
    throw new ProblemError(
      400,
      `no filter is given; give at least one of ${FILTERS.join(", ")}, or all=true to end every session`,
    );
  }
  return filterOf(fields);
}

/** @throws {ProblemError} 400 */
export function sessionId(text: string): number {
  return wholeNumber("id", text, { min: 1, max: Number.MAX_SAFE_INTEGER });
}

function filterOf(fields: Partial<Record<typeof FILTERS[number], string>>): SessionFilter {
  const { app, target, client, state } = fields;
  return {
    app,
    target,
    client: client === undefined ? undefined : blockOf(client),
    state: state === undefined ? undefined : oneOf("state", state, SESSION_STATES),
  };
}

function blockOf(text: string): SessionFilter["client"] {
  try {
    return parseCidr(text);
  } catch (error) {
    if (error instanceof CidrError) throw new ProblemError(400, `"client": ${error.message}`);
    throw error;
  }
}
