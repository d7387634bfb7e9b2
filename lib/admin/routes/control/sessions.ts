import type { ProxyControl } from "../../../proxy/mod.ts";
import { describeFilter, type SessionFilter } from "../../../session/mod.ts";
import { endedJson, sessionJson, sessionsText } from "../../json/sessions.ts";
import type { Parameter } from "../../openapi/description.ts";
import { requireApp, requireTarget } from "../../names.ts";
import { json, problem, text } from "../../responses.ts";
import { type AdminRoute, withProxy } from "../../route.ts";
import { endQuery, FILTER_PARAMETERS, LIST_PARAMETERS, listQuery, sessionId } from "./_sessions_query.ts";

/** Lists and ends live sessions. */
export const sessions: AdminRoute = {
  path: "/api/sessions",
  operations: {
    GET: {
      summary: "Live sessions, the newest first: ?app=&target=&client=&state=&sort=&order=&limit=",
      details: "Sessions that a reload has left to workers with an earlier config are listed too.",
      parameters: LIST_PARAMETERS,
      responses: {
        200: { description: "The matching sessions, up to the limit", schema: "Sessions" },
        400: { description: "Invalid parameter" },
        404: { description: "Unknown app or target" },
      },
      handle: withProxy(async (request, proxy) => {
        const query = listQuery(queryOf(request.req.url));
        const list = await proxy.operations.sessions(query);
        if (list.matched === 0) requireKnown(proxy, query.filter);
        return text(`${await sessionsText(list)}\n`, "application/json");
      }),
    },
    DELETE: {
      summary: "End the sessions that match a filter, or all with ?all=true; their reason is `killed`",
      parameters: [...FILTER_PARAMETERS, {
        name: "all",
        in: "query",
        description: "End every session, instead of a filter",
        schema: { type: "boolean", default: false },
      }],
      responses: {
        200: { description: "How many were ended", schema: "Ended" },
        400: { description: "Invalid parameter, or no filter" },
        404: { description: "Unknown app or target" },
      },
      handle: withProxy(async (request, proxy, { observer }) => {
        const filter = endQuery(queryOf(request.req.url));
        const done = await proxy.operations.endSessions(filter);
        if (done.ended === 0) requireKnown(proxy, filter);
        else observer.operated(`${countOf(done.ended)} ended (${describeFilter(filter)})`);
        return json(endedJson(done));
      }),
    },
  },
};

const ID: Parameter = {
  name: "id",
  in: "path",
  description: "The session's number, as in the access log",
  schema: { type: "integer", minimum: 1 },
};

/** One session. */
export const session: AdminRoute = {
  path: "/api/sessions/:id",
  operations: {
    GET: {
      summary: "One live session",
      parameters: [ID],
      responses: {
        200: { description: "The session", schema: "Session" },
        400: { description: "The id is not a number" },
        404: { description: "Unknown session, or one that has ended" },
      },
      handle: withProxy(async (request, proxy) => {
        const id = sessionId(request.req.param("id") ?? "");
        const list = await proxy.operations.sessions({ filter: { id }, sort: "id", order: "desc", limit: 1 });
        const [found] = list.sessions;
        if (found === undefined) return ended(id, list.incomplete);
        return json(sessionJson(found, Date.now()));
      }),
    },
    DELETE: {
      summary: "End one session; its reason is `killed`",
      parameters: [ID],
      responses: {
        200: { description: "The session was ended", schema: "Ended" },
        400: { description: "The id is not a number" },
        404: { description: "Unknown session, or one that has ended" },
      },
      handle: withProxy(async (request, proxy, { observer }) => {
        const id = sessionId(request.req.param("id") ?? "");
        const done = await proxy.operations.endSessions({ id });
        if (done.ended === 0) return ended(id, done.incomplete);
        observer.operated(`session #${id} ended`);
        return json(endedJson(done));
      }),
    },
  },
};

function ended(id: number, incomplete: readonly string[]): Response {
  const but = incomplete.length === 0
    ? ""
    : `, or belongs to a worker that does not answer: ${incomplete.join("; ")}`;
  return problem(404, {
    detail: `session #${id} has ended or never was${but}; GET /api/sessions lists them`,
  });
}

/** Apps and targets that a reload has removed may still have sessions, so this is looked at only where there are none. */
function requireKnown(proxy: ProxyControl, { app, target }: SessionFilter): void {
  const { apps } = proxy.status();
  if (app !== undefined) requireApp(apps, app);
  if (target !== undefined) {
    requireTarget(apps.filter(({ name }) => app === undefined || name === app), target);
  }
}

function queryOf(url: string): URLSearchParams {
  return new URL(url).searchParams;
}

function countOf(sessions: number): string {
  return sessions === 1 ? "1 session" : `${sessions} sessions`;
}
