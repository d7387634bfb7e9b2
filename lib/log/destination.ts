import { errorMessage } from "../base/mod.ts";

/** Where log bytes go. Whoever holds one owns it and closes it once. */
export interface LogDestination {
  /** Writes some of `bytes`, at least one, and gives how many; a reader that does not read delays only this promise. */
  write(bytes: Uint8Array): Promise<number>;
  /** The same at once; waits for a reader, so it is for the end of the process alone. */
  writeSync(bytes: Uint8Array): number;
  /** Frees what was opened for it; nothing for the process's own stdout and stderr. */
  close(): void;
}

/** A log that cannot be opened; the message says which, why, and what was wanted. */
export class LogOpenError extends Error {
  override readonly name = "LogOpenError";
}

/** The process's stdout. Needs no permission. */
export function stdoutDestination(): LogDestination {
  return processStream(Deno.stdout);
}

/** The process's stderr. Needs no permission. */
export function stderrDestination(): LogDestination {
  return processStream(Deno.stderr);
}

/**
 * Opens a file for appending, created with mode 0640 where it is not there: an access log names clients, so only the
 * owner and the group read it.
 *
 * @throws {LogOpenError} when it cannot be opened for writing.
 */
export function openLogFile(path: string): LogDestination {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path, { append: true, create: true, mode: 0o640 });
  } catch (cause) {
    throw new LogOpenError(
      `open the log: "${path}" cannot be opened (${
        errorMessage(cause)
      }), a file that can be written was wanted`,
      { cause },
    );
  }
  return {
    write: (bytes) => file.write(bytes),
    writeSync: (bytes) => file.writeSync(bytes),
    close: () => file.close(),
  };
}

function processStream(stream: typeof Deno.stdout): LogDestination {
  return {
    write: (bytes) => stream.write(bytes),
    writeSync: (bytes) => stream.writeSync(bytes),
    close: () => {},
  };
}
