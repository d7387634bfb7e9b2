import { type Address, formatAddress } from "../../base/mod.ts";
import type { Config } from "../../config/mod.ts";
import { dialedAt, targetsOf } from "../../app/mod.ts";

/** What the runtime allows a worker; all else it refuses, whatever the code in it asks for. */
export interface Sandbox {
  /** Addresses that are listened on and dialed: the runtime has one list for both. */
  readonly net: string[] | "inherit";
  readonly read: string[] | false;
  readonly write: string[] | false;
  readonly env: false;
  readonly ffi: false;
  readonly import: false;
  readonly run: false;
  readonly sys: false;
}

/** What a worker of this config is allowed. */
export interface SandboxOptions {
  /** Whether the runtime has unix sockets on the list for the network too; it does from 2.9 on. */
  readonly unixIsNet: boolean;
}

/**
 * Works out what a worker needs for its config: to listen where it listens, to dial its targets, and the files of unix
 * sockets. Certificates are read for it, and names of `discover` are resolved for it.
 *
 * Which numbers discovery will find, nobody knows when the worker starts, and the runtime's list for a worker can say
 * neither "any host on this port" nor a block of IPv6. So where any app discovers targets, its workers may reach what
 * the process itself may (`--allow-net` of the process is the bound then).
 */
export function sandboxOf(config: Config, { unixIsNet }: SandboxOptions): Sandbox {
  const dialed = config.apps.flatMap((app) => targetsOf(app).flatMap((target) => dialedAt(target, app)));
  const addresses = [...config.apps.flatMap((app) => app.listen.flatMap(listenedOn)), ...dialed];
  const paths = unique(addresses.flatMap((address) => address.kind === "unix" ? [address.path] : []));
  const discovers = config.apps.some((app) => targetsOf(app).some((target) => target.discover !== undefined));
  return {
    net: discovers ? "inherit" : unique(
      addresses.filter((address) => unixIsNet || address.kind === "tcp").map(formatAddress),
    ),
    read: paths.length === 0 ? false : paths,
    write: paths.length === 0 ? false : paths,
    env: false,
    ffi: false,
    import: false,
    run: false,
    sys: false,
  };
}

/** `::` becomes `0.0.0.0` on a system without IPv6. */
function listenedOn(address: Address): Address[] {
  return address.kind === "tcp" && address.host === "::"
    ? [address, { ...address, host: "0.0.0.0" }]
    : [address];
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
