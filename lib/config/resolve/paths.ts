import { dirname, isAbsolute, join } from "node:path";
import type { TargetAddress } from "../../base/mod.ts";

/** Where relative paths start; `undefined` to leave them as they are. */
export type Base = string | undefined;

/** The folder that a config file's relative paths start from. */
export function folderOf(file: string): string {
  return dirname(file);
}

/** A path, joined to the base if it is relative. */
export function resolvePath(path: string, base: Base): string {
  return base === undefined || isAbsolute(path) ? path : join(base, path);
}

/** An address, with the path of a unix socket joined to the base if it is relative. */
export function resolveAddress<A extends TargetAddress>(address: A, base: Base): A {
  return address.kind === "unix" ? { ...address, path: resolvePath(address.path, base) } : address;
}
