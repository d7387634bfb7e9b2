import { json } from "../../responses.ts";
import type { AdminRoute } from "../../route.ts";

/** Describes every route of the API, itself included. */
export function openapi(routes: () => readonly AdminRoute[]): AdminRoute {
  return {
    path: "/api/openapi.json",
    operations: {
      GET: {
        summary: "The description of this API (OpenAPI 3.1)",
        responses: { 200: { description: "The description", schema: "OpenApi" } },
        handle: async (_request, { version }) => {
          // The schemas take some milliseconds to load; only a request for them should cost that.
          const { openapiDocument } = await import("../../openapi/document.ts");
          return json(openapiDocument(routes(), version));
        },
      },
    },
  };
}
