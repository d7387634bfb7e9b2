import { errorCode } from "../base/mod.ts";
import type { ListeningSocket, Transport } from "../net/mod.ts";

/**
 * What the path of a listening unix socket leads to: the socket, nothing, or something else. Clients reach a socket by
 * its file alone.
 */
export type SocketFileState = "there" | "gone" | "replaced";

/** The file of a listening unix socket. */
export interface SocketFile {
  /** Whether closing the socket leaves a file alone that another socket has created at the path. */
  readonly isSafeToReplace: boolean;
  /** Looks at the path; `there` where it cannot tell. Never rejects. */
  state(): Promise<SocketFileState>;
  /** Removes the file if it still belongs to this socket. Call it once the socket is closed; never rejects. */
  remove(): Promise<void>;
}

/** A listening unix socket and its file. */
export interface BoundFile {
  readonly socket: ListeningSocket;
  readonly file: SocketFile;
}

/** The identity of a file. */
type FileId = Pick<Deno.FileInfo, "dev" | "ino">;

const TEMPORARY_SUFFIX = /^\.[0-9a-f]{8}$/;

/** Whether {@link listenOnFile} may have left a file of this name behind, in the directory of a socket of name `of`. */
export function isTemporaryName(name: string, of: string): boolean {
  return name.startsWith(of) && TEMPORARY_SUFFIX.test(name.slice(of.length));
}

/** A temporary name beside a socket's path, to bind it to; `undefined` where the runtime does not permit one. */
export function temporaryName(path: string): string | undefined {
  const aside = `${path}.${crypto.randomUUID().slice(0, 8)}`;
  return mayUse(aside) ? aside : undefined;
}

/**
 * Moves the file of a listening socket from its temporary name to a path where there is none.
 *
 * @throws AddrInUse if `path` exists, else what the runtime throws; the temporary name is left then.
 */
export function putInPlace(aside: string, path: string): SocketFile {
  try {
    Deno.linkSync(aside, path);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    throw new Deno.errors.AddrInUse(`the file ${path} exists`, { cause: error });
  }
  Deno.removeSync(aside);
  return fileAt(path);
}

/**
 * Moves the file of a listening socket from its temporary name over the one at the path: at every moment the path leads
 * to a socket.
 *
 * @throws what the runtime throws.
 */
export function replaceAt(aside: string, path: string): SocketFile {
  Deno.renameSync(aside, path);
  return fileAt(path);
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
  const aside = temporaryName(path);
  if (aside === undefined) return direct(path, transport);
  let socket: ListeningSocket;
  try {
    socket = transport.listenUnix(aside);
  } catch (error) {
    if (errorCode(error) === "EADDRINUSE") throw error;
    // The error for the path itself, if any, is the one to report.
    return direct(path, transport);
  }
  try {
    return { socket, file: putInPlace(aside, path) };
  } catch (error) {
    // Closing removes the temporary name.
    socket.close();
    if (errorCode(error) === "EADDRINUSE") throw error;
    return direct(path, transport);
  }
}

function fileAt(path: string): SocketFile {
  const own = Deno.lstatSync(path);
  return { isSafeToReplace: true, state: () => stateOf(path, own), remove: () => removeOwn(path, own) };
}

function direct(path: string, transport: Transport): BoundFile {
  const socket = transport.listenUnix(path);
  const own = idOf(path);
  return {
    socket,
    file: {
      isSafeToReplace: false,
      state: () => own === undefined ? Promise.resolve("there") : stateOf(path, own),
      remove: () => Promise.resolve(),
    },
  };
}

function idOf(path: string): FileId | undefined {
  try {
    return Deno.lstatSync(path);
  } catch {
    // Not permitted, or removed already: the socket works all the same, and nothing can be said of its file.
    return undefined;
  }
}

async function stateOf(path: string, own: FileId): Promise<SocketFileState> {
  try {
    return isSame(await Deno.lstat(path), own) ? "there" : "replaced";
  } catch (error) {
    const code = errorCode(error);
    return code === "ENOENT" || code === "ENOTDIR" ? "gone" : "there";
  }
}

function isSame(a: FileId, b: FileId): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

/** Queried first, because a runtime on a terminal would prompt its user instead of throwing. */
function mayUse(path: string): boolean {
  const descriptors: Deno.PermissionDescriptor[] = [{ name: "net" }, { name: "read", path }, {
    name: "write",
    path,
  }];
  return descriptors.every((descriptor) => Deno.permissions.querySync(descriptor).state === "granted");
}

async function removeOwn(path: string, own: FileId): Promise<void> {
  try {
    if (isSame(await Deno.lstat(path), own)) await Deno.remove(path);
  } catch {
    // Already removed, or no longer ours: the next start deals with a file that nothing listens on.
  }
}
