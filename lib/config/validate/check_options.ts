import { BUILT_IN_APP_OPTIONS, Defaults } from "../schema/app/app.ts";
import { checkFault } from "./check_faults.ts";
import { checkHealthCheck } from "./targets/check_health.ts";
import { checkProxyProtocol } from "./protocols/check_proxy_protocol.ts";
import { checkClientTls, checkTargetTls } from "./protocols/check_tls.ts";
import { asList, asMapping, parsed, type Raw } from "./raw.ts";
import type { Path, Problem } from "../report/problem.ts";

/**
 * Options that cannot work with each other, in one mapping: an app, or `defaults`. As an app's mapping replaces that of
 * `defaults` whole, each is looked at where it was written.
 */
export function checkOptions(options: Raw, path: Path, defaults: Raw): Problem[] {
  const under = (key: string): readonly [Raw, Path] => [asMapping(options[key]), [...path, key]];
  return [
    ...checkProxyProtocol(...under("proxy_protocol")),
    ...checkClientTls(...under("tls")),
    ...checkTargetTls(...under("target_tls")),
    ...checkHealthCheck(...under("health_check")),
    ...checkSlowStart(options, path, defaults),
    ...asList(options.faults).flatMap((fault, index) =>
      checkFault(asMapping(fault), [...path, "faults", index])
    ),
  ];
}

function checkSlowStart(options: Raw, path: Path, defaults: Raw): Problem[] {
  const slowStart = parsed(Defaults.shape.slow_start, options.slow_start) ?? Infinity;
  const balance = options.balance ?? defaults.balance ?? BUILT_IN_APP_OPTIONS.balance;
  if (slowStart === Infinity || balance !== "first") return [];
  const message = `"balance: first" takes targets in order whatever their weight; set this to off`;
  return [{ path: [...path, "slow_start"], message }];
}
