import type * as NodeFs from "node:fs";
import { errorCode, errorMessage } from "../../base/mod.ts";

/** A log could not be opened; the message says which one, why, and what to do. */
export class LogOpenError extends Error {
  override readonly name = "LogOpenError";
}

/** A file open for appending. */
export interface FileHandle {
  write(bytes: Uint8Array): Promise<number>;
  writeSync(bytes: Uint8Array): number;
  close(): Promise<void>;
}

const MODE = 0o640;

/**
 * The most bytes that one write to a pipe carries whole or not at all (pipe(7)). `write` of the runtime loops until all
 * bytes are written; when the pipe fills up in between, it fails and does not say how many were.
 */
const PIPE_BUF = 4096;

/**
 * Opens a file for appending and creates it if missing. A pipe is opened non-blocking: opening it without a reader fails
 * (ENXIO), and so does writing while it is full (EAGAIN).
 *
 * @throws {LogOpenError} if it cannot be opened for writing.
 */
export async function openForAppending(path: string): Promise<FileHandle> {
  // Loaded on first use: it takes a start some 30 ms, and a log to stderr does not need it.
  const fs = await import("node:fs");
  return await new Promise((resolve, reject) => {
    fs.open(path, flagsOf(fs), MODE, (error, descriptor) => {
      if (error) reject(openError(path, error));
      else {
        fs.fstat(descriptor, (unknown, info) => resolve(handle(fs, descriptor, unknown ? undefined : info)));
      }
    });
  });
}

/**
 * Non-blocking, because opening a named pipe otherwise waits for a reader. `Deno.open` has no such mode, and on Deno 2.6
 * blocks its whole thread meanwhile. Windows lacks the flag.
 */
function flagsOf({ constants }: typeof NodeFs): number {
  return constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NONBLOCK ?? 0);
}

/** `info`: what the system says of the open file; `undefined` if it does not. */
function handle(
  { write, writeSync, fstat, close }: typeof NodeFs,
  descriptor: number,
  info: NodeFs.Stats | undefined,
): FileHandle {
  const isRegular = info?.isFile() === true;
  const lengthOf = (bytes: Uint8Array): number => isRegular ? bytes.length : Math.min(bytes.length, PIPE_BUF);
  // Counted rather than looked up, so that a write reaches the runtime at once: the end of the process relies on it.
  let size = info?.size ?? 0;
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        write(descriptor, bytes, 0, lengthOf(bytes), null, (error, count) => {
          if (!error) {
            size += count;
            return resolve(count);
          }
          if (!isRegular) return reject(error);
          // A disk that fills up has taken a part, which must not be written again.
          fstat(descriptor, (unknown, now) => {
            if (unknown) return reject(error);
            const written = now.size - size;
            size = now.size;
            if (written > 0 && written <= bytes.length) resolve(written);
            else reject(error);
          });
        });
      }),
    writeSync: (bytes) => {
      const count = writeSync(descriptor, bytes, 0, lengthOf(bytes));
      size += count;
      return count;
    },
    // A failed close leaves nothing to repair: the data has been written.
    close: () => new Promise((resolve) => close(descriptor, () => resolve())),
  };
}

function openError(path: string, cause: unknown): LogOpenError {
  return new LogOpenError(`open the log: "${path}" cannot be opened: ${remedyOf(path, cause)}`, { cause });
}

function remedyOf(path: string, error: unknown): string {
  switch (errorCode(error)) {
    case "ENXIO":
      return "it is a pipe that no process reads; start its reader first";
    case "ENOENT":
      return "its directory does not exist; create it first";
    case "EISDIR":
      return "it is a directory; give the path of a file";
    case "EACCES":
    case "EROFS":
      return `this user may not write there (${errorMessage(error)}); change its owner or mode`;
    case "NOT_CAPABLE":
      return `the runtime does not allow it; start it with --allow-write=${path}`;
    default:
      return errorMessage(error);
  }
}
