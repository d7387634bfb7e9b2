import type { Address } from "../../base/mod.ts";
import { SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM } from "./calls/constants.ts";
import type { Libc } from "./calls/libc.ts";
import { decodeSockaddr, MAX_SOCKADDR_BYTES } from "./calls/sockaddr.ts";

/** Room for an address that the kernel writes, and its length. Their content is valid until the next call. */
export const SOCKADDR = new Uint8Array(MAX_SOCKADDR_BYTES);
const LENGTH = new Uint32Array(1);
export const SOCKADDR_LENGTH = new Uint8Array(LENGTH.buffer);

/** Prepares {@link SOCKADDR} for a call. */
export function resetSockaddr(): void {
  LENGTH[0] = MAX_SOCKADDR_BYTES;
}

/** The address that a call has written. */
export function takeSockaddr(): Address {
  return decodeSockaddr(SOCKADDR, Math.min(LENGTH[0] ?? 0, MAX_SOCKADDR_BYTES));
}

/** Creates a socket that never waits. @param protocol default TCP, or the only one. @throws {SystemError} */
export function createSocket(libc: Libc, family: number, protocol = 0): number {
  return libc.check(
    "socket",
    libc.calls.socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol),
  );
}

/** The address that a socket is bound to. @throws {SystemError} */
export function ownAddress(libc: Libc, fd: number): Address {
  resetSockaddr();
  libc.check("getsockname", libc.calls.getsockname(fd, SOCKADDR, SOCKADDR_LENGTH));
  return takeSockaddr();
}
