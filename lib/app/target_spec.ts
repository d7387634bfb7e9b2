import type { AppConfig, HealthCheckConfig, TargetConfig } from "../config/mod.ts";
import type { TargetSpec } from "../pool/mod.ts";

/** What a pool is told of a target of the config. */
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

/** What targets that are checked alike have in common; `undefined` for those that are not checked. */
export function checkKey(check: HealthCheckConfig | undefined): string | undefined {
  return check && JSON.stringify(check);
}
