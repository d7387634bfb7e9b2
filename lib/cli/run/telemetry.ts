import { cpuUsage } from "node:process";
import { errorMessage, MAX_TIMER_MS } from "../../base/mod.ts";
import { configHash, type OtelConfig } from "../../config/mod.ts";
import { type AccessLog, type AccessRecord, droppedLogLines, type Feed, type Logger } from "../../log/mod.ts";
import type { ProxyControl } from "../../proxy/mod.ts";
import { VERSION } from "../version.ts";
import type { ConfigReloads } from "./config_reloads.ts";

export interface TelemetryParts {
  readonly log: Logger;
  readonly access: Pick<AccessLog, "droppedLines">;
  readonly reloads: Pick<ConfigReloads, "state">;
  /** Sessions that have ended. */
  readonly sessions: Feed<AccessRecord>;
}

/** Why nothing is exported, and what to do. */
export const NOT_EXPORTING = "the runtime exports nothing; start it with OTEL_DENO=true in the environment " +
  "(an executable has to be compiled with it)";

/** Gives the runtime's OpenTelemetry exporter what the config wants. Without `otel` in it, nothing is loaded. */
export async function exportTelemetry(
  config: OtelConfig | undefined,
  proxy: Pick<ProxyControl, "metrics" | "config">,
  { log, access, reloads, sessions }: TelemetryParts,
): Promise<AsyncDisposable> {
  await using exports = new AsyncDisposableStack();
  if (config === undefined) return exports.move();
  const [{ exportSpans, MetricsExport, telemetryApi }, { families }] = await Promise.all([
    import("../../otel/mod.ts"),
    import("../../metrics/mod.ts"),
  ]);
  const api = telemetryApi(VERSION);
  // The check of the config has reported it already.
  if (api === undefined) return exports.move();
  if (config.traces) exports.use(exportSpans(sessions, api.tracer));
  if (config.metrics) {
    const metrics = new MetricsExport(api.meter);
    const update = async (): Promise<void> => {
      const [snapshot, hash] = await Promise.all([proxy.metrics(), configHash(proxy.config())]);
      const { loadedAt, lastReload, reloads: counts } = reloads.state;
      const { user, system } = cpuUsage();
      metrics.update(families(snapshot, {
        version: VERSION,
        startedMs: performance.timeOrigin,
        residentBytes: Deno.memoryUsage().rss,
        cpuSeconds: (user + system) / 1e6,
        config: {
          hash,
          loadedMs: loadedAt.getTime(),
          reloads: counts,
          isLastReloadGood: lastReload?.result !== "failed",
        },
        droppedLines: { access: access.droppedLines, operational: droppedLogLines() },
      }));
    };
    let updating = Promise.resolve();
    // One that fails must not keep the next from being made.
    const updateNext = (): Promise<void> =>
      updating = updating.then(update).catch((error) =>
        log.warning("otel: take the metrics: {error}", { error: errorMessage(error) })
      );
    void updateNext();
    const timer = setInterval(updateNext, Math.min(config.intervalMs, MAX_TIMER_MS));
    exports.defer(async () => {
      clearInterval(timer);
      // Once more, with what has ended since.
      await updateNext();
    });
  }
  log.info("otel: exporting {what}", {
    what: [...config.traces ? ["traces"] : [], ...config.metrics ? ["metrics"] : []].join(" and "),
  });
  return exports.move();
}
