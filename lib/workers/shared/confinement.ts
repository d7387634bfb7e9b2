import { dialedAt, targetsOf } from "../../app/mod.ts";
import type { AppConfig, Config } from "../../config/parsed.ts";
import type { ConfinementOptions } from "../../net/mod.ts";

/** Returns what a native worker of this config still needs of the kernel once its listeners are bound. */
export function confinementOf(config: Config): ConfinementOptions {
  const addresses = config.apps.flatMap((app) => targetsOf(app).flatMap((target) => dialedAt(target, app)));
  const dials = config.apps.map(({ dialSockets }) => dialSockets);
  const discovers = config.apps.some(discoversPorts);
  return {
    ports: discovers
      ? "any"
      : new Set(addresses.flatMap((address) => address.kind === "tcp" ? [address.port] : [])),
    unix: discovers || addresses.some(({ kind }) => kind === "unix"),
    mptcp: dials.some(({ mptcp }) => mptcp),
    bind: dials.some(({ source, transparent }) => source.length > 0 || transparent),
  };
}

/** Whether the ports of its targets come with the answers: those of names are in the config. */
function discoversPorts(app: AppConfig): boolean {
  return targetsOf(app).some(({ discover }) => discover !== undefined && discover !== "dns");
}
