import type { FileHandle } from "./_append.ts";
import { LogOpenError, openForAppending } from "./_append.ts";

export { LogOpenError } from "./_append.ts";

/** Where log bytes go. Its holder owns it and closes it once. */
export interface LogDestination {
  /** Writes at least one of `bytes` and resolves with how many; a stalled reader delays only this promise. */
  write(bytes: Uint8Array): Promise<number>;
  /** The same synchronously; blocks while a reader stalls, so it is only for the end of the process. */
  writeSync(bytes: Uint8Array): number;
  /** Closes a file; does nothing for the process's own stdout and stderr. Never rejects. */
  close(): Promise<void>;
}

/** The process's stdout. Needs no permission. */
export function stdoutDestination(): LogDestination {
  return processStream(Deno.stdout);
}

/** The process's stderr. Needs no permission. */
export function stderrDestination(): LogDestination {
  return processStream(Deno.stderr);
}

/** Unix's names for the process's own streams: `/dev/stdout`, `/dev/fd/2`, `/proc/self/fd/1`. */
const STREAM_PATH = /^(?:\/dev\/(stdout|stderr)|(?:\/dev|\/proc\/self)\/fd\/(\d+))$/;

/**
 * Returns which of the process's streams a path names, or `undefined` for the path of a file. The runtime opens these
 * paths only with all permissions, but needs none for the streams themselves.
 *
 * @throws {LogOpenError} for a descriptor other than 1 and 2: the runtime cannot write to another inherited one.
 */
export function processStreamAt(path: string): "stdout" | "stderr" | undefined {
  const match = STREAM_PATH.exec(path);
  if (match === null || Deno.build.os === "windows") return undefined;
  const [, name, descriptor] = match;
  if (name === "stdout" || descriptor === "1") return "stdout";
  if (name === "stderr" || descriptor === "2") return "stderr";
  throw new LogOpenError(
    `open the log: "${path}" is not supported; use /dev/stdout, /dev/stderr or the path of a file`,
  );
}

/** How long opening a log may take: a file on a dead mount never opens. */
const OPEN_LIMIT_MS = 5000;

/** A log file, which may be opened repeatedly, but never twice at once. */
export class LogFile {
  readonly path: string;
  readonly #limitMs: number;
  readonly #openNow: typeof openForAppending;
  /** Each open that hangs occupies one of the runtime's few threads. */
  #opening: Promise<FileHandle> | undefined;

  /** Tests replace `open`. */
  constructor(path: string, options: { limitMs?: number; open?: typeof openForAppending } = {}) {
    this.path = path;
    this.#limitMs = options.limitMs ?? OPEN_LIMIT_MS;
    this.#openNow = options.open ?? openForAppending;
  }

  /**
   * Opens the file for appending. Creates it with mode 0640 if missing: an access log names clients, so only its owner
   * and group may read it. A named pipe is opened without waiting for its reader.
   *
   * @throws {LogOpenError} if it cannot be opened for writing within 5 s. While an attempt hangs, further ones fail at
   * once.
   */
  async open(): Promise<LogDestination> {
    if (this.#opening !== undefined) {
      throw new LogOpenError(`open the log: "${this.path}" still hangs from the last attempt`);
    }
    const opening = this.#openNow(this.path);
    this.#opening = opening;
    const forget = (): void => void (this.#opening = undefined);
    opening.then(forget, forget);
    const late = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => late.resolve(undefined), this.#limitMs);
    try {
      const file = await Promise.race([opening, late.promise]);
      if (file !== undefined) return file;
    } finally {
      clearTimeout(timer);
    }
    // A late success is of no use any more; a late failure has been reported as the timeout.
    opening.then((file) => file.close(), () => {});
    throw new LogOpenError(
      `open the log: "${this.path}" did not open within ${
        this.#limitMs / 1000
      } s; check that its file system answers`,
    );
  }
}

function processStream(stream: typeof Deno.stdout): LogDestination {
  return {
    write: (bytes) => stream.write(bytes),
    writeSync: (bytes) => stream.writeSync(bytes),
    close: () => Promise.resolve(),
  };
}
