import { errorCode } from "../base/mod.ts";
import type { ListeningSocket, Transport } from "../net/mod.ts";

/** A listening unix socket and its file. */
export interface BoundFile {
  readonly socket: ListeningSocket;
  /** Removes the file if it still belongs to this socket. Call it once the socket is closed; never rejects. */
  remove(): Promise<void>;
}

/**
 * Listens on a unix socket whose file is removed only while it belongs to the socket.
 *
 * When a socket closes, the runtime removes the path that it was bound to, even if another process has created a new
 * file there. So the socket is bound to a temporary name beside it, which is linked to `path` and removed at once. If
 * the runtime does not permit that name, or it is too long for a socket, the socket is bound to `path` itself.
 *
 * @throws what the runtime throws; AddrInUse if `path` exists.
 */
export function listenOnFile(path: string, transport: Transport): BoundFile {
  const aside = `${path}.${crypto.randomUUID().slice(0, 8)}`;
  if (!mayUse(aside)) return direct(path, transport);
  let socket: ListeningSocket;
  try {
    socket = transport.listenUnix(aside);
  } catch (error) {
    if (errorCode(error) === "EADDRINUSE") throw error;
    // The error for the path itself, if any, is the one to report.
    return direct(path, transport);
  }
  try {
    Deno.linkSync(aside, path);
    Deno.removeSync(aside);
    const own = Deno.lstatSync(path);
    return { socket, remove: () => removeOwn(path, own) };
  } catch (error) {
    // Closing removes the temporary name.
    socket.close();
    if (error instanceof Deno.errors.AlreadyExists) {
      throw new Deno.errors.AddrInUse(`the file ${path} exists`, { cause: error });
    }
    return direct(path, transport);
  }
}

function direct(path: string, transport: Transport): BoundFile {
  return { socket: transport.listenUnix(path), remove: () => Promise.resolve() };
}

/** Queried first, because a runtime on a terminal would prompt its user instead of throwing. */
function mayUse(path: string): boolean {
  const descriptors: Deno.PermissionDescriptor[] = [{ name: "net" }, { name: "read", path }, {
    name: "write",
    path,
  }];
  return descriptors.every((descriptor) => Deno.permissions.querySync(descriptor).state === "granted");
}

async function removeOwn(path: string, own: Pick<Deno.FileInfo, "dev" | "ino">): Promise<void> {
  try {
    const { dev, ino } = await Deno.lstat(path);
    if (dev === own.dev && ino === own.ino) await Deno.remove(path);
  } catch {
    // Already removed, or no longer ours: the next start deals with a file that nothing listens on.
  }
}
