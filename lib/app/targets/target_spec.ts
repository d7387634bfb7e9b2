import type { AppConfig, HealthCheckConfig, TargetConfig } from "../../config/parsed.ts";
import type { TargetSpec } from "../../pool/mod.ts";

/** Returns what a pool needs of a configured target. */
export function targetSpec(target: TargetConfig, config: AppConfig): TargetSpec {
  const send = target.proxyProtocol ?? config.proxyProtocol.send;
  return {
    address: target.address,
    label: target.label,
    weight: target.weight,
    tier: target.backup ? 1 : 0,
    maxConnections: target.maxConnections,
    sendProxy: send === "off" ? undefined : send,
    checkedAs: checkKey(target.healthCheck),
  };
}

/** Returns the key shared by targets with the same check; `undefined` for no check. */
export function checkKey(check: HealthCheckConfig | undefined): string | undefined {
  return check && JSON.stringify(check);
}
