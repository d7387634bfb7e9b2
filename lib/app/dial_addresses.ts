import type { Address } from "../base/mod.ts";
import type { AppConfig, TargetConfig } from "../config/mod.ts";

/** All targets that an app names, those of its routes too. */
export function targetsOf(app: AppConfig): readonly TargetConfig[] {
  return [...app.targets, ...app.routes.flatMap((route) => route.targets)];
}

/** Where a target is dialed: `host:*` at every port that its app listens on. */
export function dialedAt({ address }: TargetConfig, app: AppConfig): Address[] {
  if (address.kind !== "same_port") return [address];
  return app.listen.flatMap((listen): Address[] =>
    listen.kind === "tcp" ? [{ kind: "tcp", host: address.host, port: listen.port }] : []
  );
}
