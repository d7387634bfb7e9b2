import { json, problem } from "../responses.ts";
import type { AdminRoute } from "../route.ts";

/** Liveness: whether the process runs at all. */
export const healthz: AdminRoute = {
  path: "/healthz",
  summary: "200 while the process is alive",
  isOpen: true,
  handlers: { GET: () => json({ status: "alive" }) },
};

/** Readiness: whether every listener is bound and the proxy is not draining. */
export const readyz: AdminRoute = {
  path: "/readyz",
  summary: "200 while every listener is bound and it is not draining, else 503",
  isOpen: true,
  handlers: {
    GET: (_request, { phase }) =>
      phase === "ready" ? json({ status: "ready" }) : problem(503, { detail: `the proxy is ${phase}` }),
  },
};
