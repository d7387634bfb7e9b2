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

/** The message of anything that was thrown, on one line. */
export function errorMessage(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/\s+/g, " ").trim();
}

/** Whether this process, or the system, has run out of file descriptors or socket memory: our want, not the peer's fault. */
export function isResourceExhaustion(code: string): boolean {
  return code === "EMFILE" || code === "ENFILE" || code === "ENOBUFS" || code === "ENOMEM";
}

/** Whether the peer ended the connection without the courtesy of a FIN (RFC 9293 section 3.5.2). */
export function isReset(code: string): boolean {
  return code === "ECONNRESET" || code === "EPIPE" || code === "ECONNABORTED" || code === "ENOTCONN";
}
