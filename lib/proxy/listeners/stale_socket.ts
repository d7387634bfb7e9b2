import { basename, dirname, join } from "node:path";
import { errorCode } from "../../base/mod.ts";
import { isTemporaryName, type ListenError } from "../../listen/mod.ts";
import { runtimeTransport } from "../../net/mod.ts";

const PROBE_LIMIT_MS = 1000;

/**
 * Removes the socket file of a process that ended without doing so, and says whether it did. Only a file that is a
 * socket and that nobody answers on is removed.
 */
export async function removeStaleSocket({ address, code }: ListenError): Promise<boolean> {
  return address.kind === "unix" && code === "EADDRINUSE" && await removeDead(address.path);
}

/** As {@link removeStaleSocket}, for a path that nothing was bound to. */
export function removeStaleFile(path: string): Promise<boolean> {
  return removeDead(path);
}

/**
 * Removes the temporary names that processes left beside this path when they were killed in the middle of opening it,
 * as far as nobody answers on them. Where the runtime does not permit a look at the directory, it does nothing.
 */
export async function removeLeftovers(path: string): Promise<void> {
  const directory = dirname(path);
  // Queried first, because a runtime on a terminal would prompt its user instead of throwing.
  for (const name of ["read", "write"] as const) {
    if (Deno.permissions.querySync({ name, path: directory }).state !== "granted") return;
  }
  try {
    for await (const { name, isDirectory } of Deno.readDir(directory)) {
      if (!isDirectory && isTemporaryName(name, basename(path))) await removeDead(join(directory, name));
    }
  } catch {
    // If this matters, binding fails next, and says why.
  }
}

async function removeDead(path: string): Promise<boolean> {
  try {
    if (!(await Deno.lstat(path)).isSocket) return false;
    const conn = await runtimeTransport.connect({ kind: "unix", path }, AbortSignal.timeout(PROBE_LIMIT_MS));
    conn.close();
    return false;
  } catch (probe) {
    if (errorCode(probe) !== "ECONNREFUSED") return false;
  }
  try {
    await Deno.remove(path);
    return true;
  } catch {
    // The error of listening, which is reported instead, names the remedy.
    return false;
  }
}
