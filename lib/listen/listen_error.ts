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

function describe(address: Address, code: string, cause: unknown): string {
  if (code === "EADDRINUSE") {
    return address.kind === "unix"
      ? "socket file already exists; choose another path, or stop the process that uses it"
      : "port already in use; choose another one, or stop the process that uses it";
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
