import { discoveriesJson } from "../../json/operations.ts";
import { json } from "../../responses.ts";
import { type AdminRoute, withProxy } from "../../route.ts";

/** Shows what discovery knows. */
export const discovery: AdminRoute = {
  path: "/api/discovery",
  operations: {
    GET: {
      summary: "The results of discovery for each name, with their times and errors",
      responses: { 200: { description: "In the order of the config", schema: "Discoveries" } },
      handle: withProxy((_request, proxy) => json(discoveriesJson(proxy.operations.discoveries()))),
    },
  },
};
