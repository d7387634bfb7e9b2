import { json, problem } from "../responses.ts";
import type { AdminRoute } from "../route.ts";

/** Liveness: whether the process runs at all. */
export const healthz: AdminRoute = {
  path: "/healthz",
  isOpen: true,
  operations: {
    GET: {
      summary: "200 while the process is alive",
      responses: { 200: { description: "It is alive", schema: "Health" } },
      handle: () => json({ status: "alive" }),
    },
  },
};

/** Readiness: whether every listener is bound and the proxy is not draining. */
export const readyz: AdminRoute = {
  path: "/readyz",
  isOpen: true,
  operations: {
    GET: {
      summary: "200 while every listener is bound and it is not draining, else 503",
      responses: {
        200: { description: "It is ready", schema: "Health" },
        503: { description: "It is starting or draining" },
      },
      handle: (_request, { phase }) =>
        phase === "ready" ? json({ status: "ready" }) : problem(503, { detail: `the proxy is ${phase}` }),
    },
  },
};
