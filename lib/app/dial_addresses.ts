import type { Address } from "../base/mod.ts";
import type { AppConfig, TargetConfig } from "../config/mod.ts";

/** Returns all targets of an app, including those of its routes. */
export function targetsOf(app: AppConfig): readonly TargetConfig[] {
  return [...app.targets, ...app.routes.flatMap((route) => route.targets)];
}

/** Returns the addresses at which a target is dialed; `host:*` stands for every port that the app listens on. */
export function dialedAt({ address }: TargetConfig, app: AppConfig): Address[] {
  if (address.kind !== "same_port") return [address];
  return app.listen.flatMap((listen): Address[] =>
    listen.kind === "tcp" ? [{ kind: "tcp", host: address.host, port: listen.port }] : []
  );
}
