import { cpuUsage } from "node:process";
import { configHash } from "../../../config/mod.ts";
import {
  exposition,
  families,
  MEDIA_TYPES,
  negotiateFormat,
  type ProcessFacts,
} from "../../../metrics/mod.ts";
import type { ProxyControl } from "../../../proxy/mod.ts";
import { text } from "../../responses.ts";
import { type AdminContext, type AdminRoute, withProxy } from "../../route.ts";

/** Returns all metrics, as text for Prometheus. */
export const metrics: AdminRoute = {
  path: "/metrics",
  operations: {
    GET: {
      summary: "Metrics for Prometheus, as text",
      details: "In OpenMetrics where `Accept` prefers it to `text/plain`.",
      responses: { 200: { description: "All metrics", mediaType: "text/plain" } },
      handle: withProxy(async ({ req }, proxy, admin) => {
        const format = negotiateFormat(req.header("accept"));
        const [snapshot, facts] = await Promise.all([proxy.metrics(), processFacts(admin, proxy)]);
        return text(exposition(families(snapshot, facts), format), MEDIA_TYPES[format]);
      }),
    },
  },
};

async function processFacts(
  { version, startedAt, reloads, droppedLines }: AdminContext,
  proxy: ProxyControl,
): Promise<ProcessFacts> {
  const { loadedAt, lastReload, reloads: counts } = reloads.state;
  const { user, system } = cpuUsage();
  return {
    version,
    startedMs: startedAt.getTime(),
    residentBytes: Deno.memoryUsage().rss,
    cpuSeconds: (user + system) / 1e6,
    config: {
      hash: await configHash(proxy.config()),
      loadedMs: loadedAt.getTime(),
      reloads: counts,
      isLastReloadGood: lastReload?.result !== "failed",
    },
    droppedLines,
  };
}
