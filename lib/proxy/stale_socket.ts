import { errorCode } from "../base/mod.ts";
import { runtimeTransport } from "../net/mod.ts";
import type { ListenError } from "../listen/mod.ts";

const PROBE_LIMIT_MS = 1000;

/**
 * Removes the socket file of a process that ended without doing so, and says whether it did. Only a file that is a
 * socket and that nobody answers on is removed.
 */
export async function removeStaleSocket(error: ListenError): Promise<boolean> {
  const { address } = error;
  if (address.kind !== "unix" || error.code !== "EADDRINUSE") return false;
  try {
    if (!(await Deno.lstat(address.path)).isSocket) return false;
    const conn = await runtimeTransport.connect(address, AbortSignal.timeout(PROBE_LIMIT_MS));
    conn.close();
    return false;
  } catch (probe) {
    if (errorCode(probe) !== "ECONNREFUSED") return false;
  }
  try {
    await Deno.remove(address.path);
    return true;
  } catch {
    // The listen error that is reported instead says what is wanted of the operator.
    return false;
  }
}
