import { templateOf } from "../../openapi/document.ts";
import { type AdminRoute, operationsOf } from "../../route.ts";

/** Lists the API's paths in plain text, for people who find the port. */
export function indexOf(routes: readonly AdminRoute[]): AdminRoute {
  const rows = routes.flatMap((route) =>
    operationsOf(route).map(([method, { summary }]) => ({
      what: `${method} ${templateOf(route.path)}`,
      summary,
    }))
  );
  const width = Math.max(0, ...rows.map(({ what }) => what.length));
  return {
    path: "/api",
    operations: {
      GET: {
        summary: "The list of paths, as text",
        responses: { 200: { description: "The list", mediaType: "text/plain" } },
        handle: (_request, { version, phase }) => {
          const lines = rows.map(({ what, summary }) => `${what.padEnd(width)}  ${summary}`);
          const text = [`tcpproxy ${version}, ${phase}`, "", ...lines, ""].join("\n");
          return new Response(text, { headers: { "content-type": "text/plain; charset=utf-8" } });
        },
      },
    },
  };
}
