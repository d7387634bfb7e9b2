import { errorCode } from "../base/mod.ts";
import type { ListeningSocket, Transport } from "../net/mod.ts";

/** A unix socket that listens, and the file by which it is reached. */
export interface BoundFile {
  readonly socket: ListeningSocket;
  /** Removes the file if it is still this socket's own. Call it once the socket is closed; never rejects. */
  remove(): Promise<void>;
}

/**
 * Listens on a unix socket whose file is removed only while it is its own.
 *
 * The runtime removes the path that a socket was bound to when it closes, whoever made the file that is there by then. So
 * the socket is bound under another name beside it, which is linked to `path` and removed at once. Where the runtime does
 * not allow that name, or it is too long for a socket, the socket is bound to `path` itself.
 *
 * @throws what the runtime throws; AddrInUse where there is a file at `path`.
 */
export function listenOnFile(path: string, transport: Transport): BoundFile {
  const aside = `${path}.${crypto.randomUUID().slice(0, 8)}`;
  if (!mayUse(aside)) return direct(path, transport);
  let socket: ListeningSocket;
  try {
    socket = transport.listenUnix(aside);
  } catch (error) {
    if (errorCode(error) === "EADDRINUSE") throw error;
    // The error of the path itself is the one to report, where there is one.
    return direct(path, transport);
  }
  try {
    Deno.linkSync(aside, path);
    Deno.removeSync(aside);
    const own = Deno.lstatSync(path);
    return { socket, remove: () => removeOwn(path, own) };
  } catch (error) {
    // Closing removes the name aside.
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

/** Asked first, because a runtime on a terminal would ask its user instead of throwing. */
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
    // Gone already, or not ours to remove any more: the next start deals with a file that nobody listens on.
  }
}
