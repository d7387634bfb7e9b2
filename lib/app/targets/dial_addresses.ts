import { type Address, formatCidr } from "../../base/mod.ts";
import type { AppConfig, TargetConfig } from "../../config/parsed.ts";

/** Returns all targets of an app, including those of its routes. */
export function targetsOf(app: AppConfig): readonly TargetConfig[] {
  return [...app.targets, ...app.routes.flatMap((route) => route.targets)];
}

/** Returns the addresses at which a target is dialed: none for one whose answers have the ports. `host:*` stands for every port that the app listens on. */
export function dialedAt({ address, discover }: TargetConfig, app: AppConfig): Address[] {
  if (discover !== undefined && discover !== "dns") return [];
  if (address.kind !== "same_port") return [address];
  return app.listen.flatMap((listen): Address[] =>
    listen.kind === "tcp" ? [{ kind: "tcp", host: address.host, port: listen.port }] : []
  );
}

/**
 * Returns the networks that an app's discovered targets are in, as entries of the runtime's list of permissions: none where it
 * discovers nothing, `"any"` where the config does not say, or says what the list cannot express.
 */
export function discoveredNetworks(app: AppConfig): readonly string[] | "any" {
  if (!targetsOf(app).some(({ discover }) => discover !== undefined)) return [];
  const { within } = app.discovery;
  const isExpressible = within.length > 0 && within.every(({ network }) => network.length === 4);
  return isExpressible ? within.map(formatCidr) : "any";
}
