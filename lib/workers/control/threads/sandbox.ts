import { isAbsolute, resolve } from "node:path";
import { type Address, formatAddress, type TargetAddress } from "../../../base/mod.ts";
import type { Config } from "../../../config/mod.ts";
import type { Sandbox } from "../../spare_thread.ts";
import { dialedAt, discoveredNetworks, targetsOf } from "../../../app/mod.ts";

/** The options of {@link sandboxOf}. */
export interface SandboxOptions {
  /** Whether the runtime counts unix sockets as network permissions; it does from 2.9 on. */
  readonly unixIsNet: boolean;
  /**
   * Whether the process may connect anywhere; default true. The runtime lets a process with a list hand on no block, even
   * one of its list.
   */
  readonly isNetOpen?: boolean;
  /** By path, the names that unix sockets are bound to instead; default the paths themselves. */
  readonly unixNames?: ReadonlyMap<string, string>;
  /** The folder that relative paths start from; default the working directory. */
  readonly folder?: string;
}

/**
 * Returns the permissions that a worker with the runtime's sockets needs for its config: its listeners, its targets, and the files of unix
 * sockets. The control plane reads certificates and resolves names of `discover` for it.
 *
 * Discovered addresses are unknown when the worker starts, and the runtime's list can express neither "any host on this
 * port" nor an IPv6 block. So where an app discovers targets, workers may connect to the IPv4 blocks of its
 * `discovery.within`; without these, with others, or where the process has a list itself, they inherit the network
 * permissions of the process (its `--allow-net` is the limit then).
 */
export function sandboxOf(
  config: Config,
  { unixIsNet, isNetOpen = true, unixNames, folder = "." }: SandboxOptions,
): Sandbox {
  const boundAt = (address: Address): Address =>
    address.kind === "tcp" ? address : { ...address, path: unixNames?.get(address.path) ?? address.path };
  // The runtime takes whole paths alone.
  const whole = <A extends TargetAddress>(address: A): A =>
    address.kind === "unix" && !isAbsolute(address.path)
      ? { ...address, path: resolve(folder, address.path) }
      : address;
  const dialed = config.apps.flatMap((app) => targetsOf(app).flatMap((target) => dialedAt(target, app)));
  const bound = config.apps.flatMap(({ listen }) => listen);
  const addresses = [...bound.flatMap(listenedOn).map(boundAt), ...dialed].map(whole);
  const paths = unique(addresses.flatMap((address) => address.kind === "unix" ? [address.path] : []));
  const found = config.apps.map(discoveredNetworks);
  const isUnknown = found.includes("any") || (found.flat().length > 0 && !isNetOpen);
  return {
    net: isUnknown ? "inherit" : unique([
      ...addresses.filter((address) => unixIsNet || address.kind === "tcp").map(formatAddress),
      ...found.flat(),
    ]),
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
