import { statusJson } from "../../json/status.ts";
import { json } from "../../responses.ts";
import { type AdminRoute, withProxy } from "../../route.ts";

/** Returns a snapshot of the proxy. */
export const status: AdminRoute = {
  path: "/api/status",
  operations: {
    GET: {
      summary: "The state of every app and target, as JSON",
      responses: { 200: { description: "A snapshot", schema: "Status" } },
      handle: withProxy(async (_request, proxy, admin) => json(await statusJson(admin, proxy))),
    },
  },
};
