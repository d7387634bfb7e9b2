import type { MetricsSnapshot } from "../../metrics/mod.ts";
import type { ProxyStatus } from "./status.ts";

/** Puts what was counted beside the state of apps and targets. */
export function metricsOf(
  { apps, isEnding }: ProxyStatus,
  counted: Pick<MetricsSnapshot, "counters" | "workers" | "certificates">,
): MetricsSnapshot {
  return {
    ...counted,
    isDraining: isEnding,
    apps: apps.map(({ name, maxConnections, own, routes }) => ({
      name,
      maxConnections,
      targets: [own, ...routes.map(({ pool }) => pool)].flatMap(({ targets }) =>
        targets.map(({ label, health, admin, currentWeight }) => ({
          label,
          health,
          isInMaintenance: admin !== "ready",
          weight: currentWeight,
        }))
      ),
    })),
  };
}
