import type { ProxyControl } from "../../../proxy/mod.ts";
import { json, problem } from "../../responses.ts";
import type { AdminRoute } from "../../route.ts";

/** How long a thread may take to answer; a busy one is slow, not dead. */
const ALIVE_LIMIT_MS = 3000;

/** Liveness: whether every thread answers and every listener accepts. */
export const healthz: AdminRoute = {
  path: "/healthz",
  isOpen: true,
  operations: {
    GET: {
      summary: "200 while every thread answers within 3 s and every listener accepts, else 503",
      responses: {
        200: { description: "It is alive", schema: "Health" },
        503: { description: "A thread hangs, or a listener has failed" },
      },
      handle: async (_request, { proxy }) =>
        proxy === undefined || await isAlive(proxy)
          ? json({ status: "alive" })
          : problem(503, { detail: "a thread does not answer, or a listener does not accept" }),
    },
  },
};

const asked = new WeakMap<ProxyControl, Promise<boolean>>();

/** Asks once for all who ask meanwhile: the path is open to everyone. */
function isAlive(proxy: ProxyControl): Promise<boolean> {
  let answer = asked.get(proxy);
  if (answer === undefined) {
    answer = proxy.isAlive(ALIVE_LIMIT_MS).finally(() => asked.delete(proxy));
    asked.set(proxy, answer);
  }
  return answer;
}

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
