import { dirname } from "node:path";
import {
  type Address,
  errorCode,
  errorMessage,
  formatAddress,
  isLoopback,
  isResourceExhaustion,
  type TcpAddress,
} from "../base/mod.ts";
import { runtimeTransport } from "../net/mod.ts";

/** A listener that could not be opened; `code` is the errno name. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly address: Address;
  readonly code: string;

  constructor(address: Address, cause: unknown) {
    const code = errorCode(cause);
    super(`listen on ${formatAddress(address)}: ${describe(address, code, cause)}`, { cause });
    this.address = address;
    this.code = code;
  }
}

/**
 * Whether this machine lacks the address's family: the kernel knows no such socket, or loopback has no such address.
 * Tries to bind it. An address of another machine is not meant.
 */
export function isMissingHere(address: TcpAddress): boolean {
  try {
    runtimeTransport.listen(address, { shared: false }).close();
    return false;
  } catch (error) {
    const code = errorCode(error);
    return code === "EAFNOSUPPORT" || (code === "EADDRNOTAVAIL" && isLoopback(address.host));
  }
}

/** Returns whether a bind failed because the system has no IPv6. */
export function lacksIpv6(error: unknown): boolean {
  const code = errorCode(error);
  return code === "EAFNOSUPPORT" || code === "EADDRNOTAVAIL";
}

/** Says what is at the path of a unix socket that cannot be bound because something is there, and what to do. */
export function describeTaken(path: string): string {
  const found = lookAt(path);
  if (found?.isDirectory === true) return "a directory is there; choose another path";
  return found === undefined || found.isSocket !== false
    ? "socket file already exists; choose another path, or stop the process that uses it"
    : "a file that is no socket is there; choose another path, or remove it";
}

/** Never throws, and never has the runtime ask for a permission. */
function lookAt(path: string): Deno.FileInfo | undefined {
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return undefined;
  try {
    return Deno.lstatSync(path);
  } catch {
    return undefined;
  }
}

function describe(address: Address, code: string, cause: unknown): string {
  if (code === "EADDRINUSE") {
    return address.kind === "unix"
      ? describeTaken(address.path)
      : "port already in use; choose another one, or stop the process that uses it";
  }
  if (address.kind === "unix" && code === "ENOENT") {
    return `its directory ${JSON.stringify(dirname(address.path))} does not exist; create it`;
  }
  if (address.kind === "unix" && code === "ENOTDIR") {
    return "the path leads through a file; give one that leads through directories";
  }
  if (code === "EADDRNOTAVAIL") return "not an address of this machine; choose a local one";
  if (code === "EACCES") {
    return address.kind === "tcp" && address.port < 1024
      ? "permission denied for ports below 1024; grant CAP_NET_BIND_SERVICE or choose a higher port"
      : "permission denied; choose an address that this user may use";
  }
  if (code === "NOT_CAPABLE") {
    const also = address.kind === "unix" ? ", and --allow-read and --allow-write for its path" : "";
    return `not permitted by the runtime; add --allow-net=${formatAddress(address)}${also}`;
  }
  // A unix socket on a full disk is another matter.
  if (code !== "ENOSPC" && isResourceExhaustion(code)) {
    return "out of file descriptors; raise the limit (ulimit -n)";
  }
  return errorMessage(cause);
}
