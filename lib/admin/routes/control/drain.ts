import type { ProxyControl } from "../../../proxy/mod.ts";
import type { DrainJson } from "../../json/operations.ts";
import { accepted, json } from "../../responses.ts";
import { type AdminContext, type AdminRoute, withProxy } from "../../route.ts";

/** Drains the process. */
export const drain: AdminRoute = {
  path: "/api/drain",
  operations: {
    GET: {
      summary: "The progress of a drain",
      responses: { 200: { description: "The progress", schema: "Drain" } },
      handle: withProxy((_request, proxy, admin) => json(progress(proxy, admin))),
    },
    POST: {
      summary: "Drain and end the process, as SIGTERM does",
      details:
        "It accepts nothing more (after `shutdown.delay`) and ends with its last session, or at the deadline. " +
        "A SIGTERM that follows changes nothing; one more stops at once.",
      responses: { 202: { description: "The drain has begun", schema: "Drain" } },
      handle: withProxy((_request, proxy, admin) => {
        admin.requestDrain();
        return accepted(progress(proxy, admin));
      }),
    },
  },
};

function progress(proxy: ProxyControl, { phase, deadline }: AdminContext): DrainJson {
  return {
    state: phase === "draining" ? "draining" : "serving",
    sessions: proxy.activeSessions(),
    deadline: deadline?.toISOString() ?? null,
  };
}
