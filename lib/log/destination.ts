import type { FileHandle } from "./_append.ts";
import { LogOpenError, openForAppending } from "./_append.ts";

export { LogOpenError } from "./_append.ts";

/** Where log bytes go. Whoever holds one owns it and closes it once. */
export interface LogDestination {
  /** Writes some of `bytes`, at least one, and gives how many; a reader that does not read delays only this promise. */
  write(bytes: Uint8Array): Promise<number>;
  /** The same at once; waits for a reader, so it is for the end of the process alone. */
  writeSync(bytes: Uint8Array): number;
  /** Frees what was opened for it; nothing for the process's own stdout and stderr. Never rejects. */
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

/** The names that Unix gives to the process's own streams: `/dev/stdout`, `/dev/fd/2`, `/proc/self/fd/1`. */
const STREAM_PATH = /^(?:\/dev\/(stdout|stderr)|(?:\/dev|\/proc\/self)\/fd\/(\d+))$/;

/**
 * Which stream of the process a path names; `undefined` for a path that is a file. The runtime opens these paths with
 * all permissions alone, and the streams themselves with none.
 *
 * @throws {LogOpenError} for a descriptor other than 1 and 2: the runtime gives no way to write to an inherited one.
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

/** How long opening a log may take: a file on a server that is gone never opens. */
const OPEN_LIMIT_MS = 5000;

/** One log file by its path. Opens it as often as asked, but never twice at once. */
export class LogFile {
  readonly path: string;
  readonly #limitMs: number;
  readonly #openNow: typeof openForAppending;
  /** Each open that hangs holds a thread of the runtime, and these are few. */
  #opening: Promise<FileHandle> | undefined;

  /** `open` is replaced in tests. */
  constructor(path: string, options: { limitMs?: number; open?: typeof openForAppending } = {}) {
    this.path = path;
    this.#limitMs = options.limitMs ?? OPEN_LIMIT_MS;
    this.#openNow = options.open ?? openForAppending;
  }

  /**
   * Opens the file for appending, created with mode 0640 where it is not there: an access log names clients, so only the
   * owner and the group read it. A named pipe is opened without waiting for its reader.
   *
   * @throws {LogOpenError} when it cannot be opened for writing, or not within 5 s. While an open hangs, the next ones
   * fail at once.
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
    // What opens after all is of no use any more; what fails has been reported.
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
