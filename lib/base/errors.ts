/**
 * What went wrong on a socket, in one vocabulary. The runtime names the same failure by a code, by a class, or only in
 * a message; a caller that must decide something reads {@link errorCode} and never guesses.
 *
 * @module
 */

const CODE_BY_NAME: Readonly<Record<string, string>> = {
  AddrInUse: "EADDRINUSE",
  AddrNotAvailable: "EADDRNOTAVAIL",
  BadResource: "EBADF",
  BrokenPipe: "EPIPE",
  ConnectionAborted: "ECONNABORTED",
  ConnectionRefused: "ECONNREFUSED",
  ConnectionReset: "ECONNRESET",
  HostUnreachable: "EHOSTUNREACH",
  Interrupted: "EINTR",
  NetworkUnreachable: "ENETUNREACH",
  NotCapable: "NOT_CAPABLE",
  NotConnected: "ENOTCONN",
  NotFound: "ENOENT",
  PermissionDenied: "EACCES",
  TimedOut: "ETIMEDOUT",
  TimeoutError: "ETIMEDOUT",
  UnexpectedEof: "ECONNRESET",
  AbortError: "ABORTED",
};

/** The errno name of an error of the runtime (`ECONNREFUSED`, `EMFILE`, …), `ENOTFOUND` for a name without address, else `UNKNOWN`. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return "UNKNOWN";
  const code = (error as { code?: unknown }).code;
  // A DOMException has a numeric code of another vocabulary.
  if (typeof code === "string") return code;
  if (error.message.startsWith("failed to lookup address information")) return "ENOTFOUND";
  return CODE_BY_NAME[error.name] ?? "UNKNOWN";
}

/** The message of anything that was thrown, on one line, without the number that the runtime puts behind the system's words. */
export function errorMessage(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/ \(os error \d+\)/g, "").replace(/\s+/g, " ").trim();
}

/**
 * Whether this process, or the system, has run out of file descriptors, socket memory, or (ENOSPC) what epoll may watch:
 * our lack, not the peer's fault.
 */
export function isResourceExhaustion(code: string): boolean {
  return EXHAUSTION.has(code);
}

const EXHAUSTION: ReadonlySet<string> = new Set(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "ENOSPC"]);

/** Whether the peer ended the connection without the courtesy of a FIN (RFC 9293 section 3.5.2). */
export function isReset(code: string): boolean {
  return code === "ECONNRESET" || code === "EPIPE" || code === "ECONNABORTED" || code === "ENOTCONN";
}

/**
 * What has become of a connection that a read or a write says is lost; `SIDE` is who was at its other end. The kernel
 * gives up on a peer that acknowledges nothing (RFC 9293 section 3.8.3), and then tells what the network said of it
 * last (RFC 1122 section 4.2.3.9: "soft errors"), which is how a connection that was there can be refused.
 */
const LOSSES: ReadonlyMap<string, string> = new Map([
  ["EACCES", "a firewall forbids the way to the SIDE"],
  ["ECONNABORTED", "the connection to the SIDE was aborted"],
  ["ECONNREFUSED", "the SIDE's host, or a firewall before it, refuses what is sent"],
  ["ECONNRESET", "the SIDE has reset the connection"],
  ["EHOSTDOWN", "the SIDE's host is down"],
  ["EHOSTUNREACH", "the SIDE's host cannot be reached any more"],
  ["ENETDOWN", "the network to the SIDE is down"],
  ["ENETRESET", "the network dropped the connection to the SIDE"],
  ["ENETUNREACH", "the SIDE's network cannot be reached any more"],
  ["ENOTCONN", "the SIDE has closed the connection"],
  ["EPIPE", "the SIDE has closed the connection and takes no more"],
  ["ETIMEDOUT", "the SIDE's host stopped answering"],
]);

/** Whether the error says that its connection is lost, so that nothing more is sent on it and it gives what it has. */
export function isLoss(code: string): boolean {
  return LOSSES.has(code);
}

/**
 * Says in words, with the code, how an established connection to `side` was lost; `undefined` for a code that is about
 * something else, a defect most likely.
 */
export function describeLoss(code: string, side: "client" | "target"): string | undefined {
  const words = LOSSES.get(code);
  return words === undefined ? undefined : `${words.replace("SIDE", side)} (${code})`;
}
