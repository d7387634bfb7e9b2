import { EVENT_KINDS, type EventKind } from "../../events/mod.ts";
import { problem } from "../../responses.ts";
import { type AdminRoute, withProxy } from "../../route.ts";
import { statusJson } from "../../json/status.ts";

/** The allowed intervals of snapshots. */
const INTERVAL = { min: 250, max: 60_000, default: 1000 };

/** Sends events as they happen (server-sent events, HTML section 9.2). */
export const events: AdminRoute = {
  path: "/api/events",
  operations: {
    GET: {
      summary: "Events as they happen, as server-sent events: ?only=session,log&interval_ms=1000",
      details:
        "`snapshot` is the body of `/api/status`, at once and then every second; `session` is one that has " +
        "ended, with the fields of the JSON access log; `log` is a line of the operational log; `overflow` says how " +
        "many of the last two were dropped because the reader was too slow.",
      parameters: [
        {
          name: "only",
          in: "query",
          description: "The kinds of events, separated by commas; default all",
          example: "session,log",
        },
        {
          name: "interval_ms",
          in: "query",
          description: "How often a snapshot is sent",
          schema: {
            type: "integer",
            minimum: INTERVAL.min,
            maximum: INTERVAL.max,
            default: INTERVAL.default,
          },
        },
      ],
      responses: {
        200: {
          description: "Events until the client or the server ends them",
          mediaType: "text/event-stream",
        },
        400: { description: "Invalid query" },
        503: { description: "Too many readers, or the proxy is starting" },
      },
      handle: withProxy((request, proxy, admin) => {
        const query = queryIn(request.req.query());
        if (typeof query === "string") return problem(400, { detail: query });
        if (!admin.events.hasRoom) {
          const detail = "too many readers of events; close one, or try again later";
          return problem(503, { detail, headers: { "retry-after": "5" } });
        }
        const stream = admin.events.open({
          ...query,
          closing: admin.closing,
          snapshot: async () => JSON.stringify(await statusJson(admin, proxy)),
        });
        return new Response(stream, { headers: { "content-type": "text/event-stream" } });
      }),
    },
  },
};

/** Returns the options of a query, or its fault. */
function queryIn(
  { only, interval_ms: interval }: Readonly<Record<string, string | undefined>>,
): { readonly kinds: ReadonlySet<EventKind>; readonly intervalMs: number } | string {
  const kinds = kindsIn(only);
  if (typeof kinds === "string") return kinds;
  const intervalMs = intervalIn(interval);
  return typeof intervalMs === "string" ? intervalMs : { kinds, intervalMs };
}

/** Returns the kinds that a query names, or its fault. */
function kindsIn(only: string | undefined): ReadonlySet<EventKind> | string {
  if (only === undefined) return new Set(EVENT_KINDS);
  const words = only.split(",");
  const kinds = EVENT_KINDS.filter((kind) => words.includes(kind));
  const unknown = words.find((word) => !(EVENT_KINDS as readonly string[]).includes(word));
  if (unknown === undefined) return new Set(kinds);
  return `"only" has "${unknown}"; expected one or more of ${EVENT_KINDS.join(",")}`;
}

function intervalIn(text: string | undefined): number | string {
  if (text === undefined) return INTERVAL.default;
  const ms = Number(text);
  if (/^\d{1,6}$/.test(text) && ms >= INTERVAL.min && ms <= INTERVAL.max) return ms;
  return `"interval_ms" is "${text}"; expected a whole number from ${INTERVAL.min} to ${INTERVAL.max}`;
}
