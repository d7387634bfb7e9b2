import type { AdminRoute } from "../route.ts";

/** Lists the API's paths in plain text, for people who find the port. */
export function indexOf(routes: readonly AdminRoute[]): AdminRoute {
  const rows = routes.flatMap(({ path, handlers, summary }) =>
    Object.keys(handlers).map((method) => ({ what: `${method} ${path}`, summary }))
  );
  const width = Math.max(0, ...rows.map(({ what }) => what.length));
  return {
    path: "/",
    summary: "This list",
    handlers: {
      GET: (_request, { version, phase }) => {
        const lines = rows.map(({ what, summary }) => `${what.padEnd(width)}  ${summary}`);
        const text = [`tcpproxy ${version}, ${phase}`, "", ...lines, ""].join("\n");
        return new Response(text, { headers: { "content-type": "text/plain; charset=utf-8" } });
      },
    },
  };
}
