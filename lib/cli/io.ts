import { errorCode, errorMessage } from "../base/mod.ts";

/** Where a command's words go. A test gives its own and reads them. */
export interface Io {
  /**
   * Writes a result, and a line feed, to stdout. Resolves when it is written.
   *
   * @throws {OutputError} when it cannot be written; not for a reader that has gone.
   */
  print(text: string): Promise<void>;
  /** Writes `tcpproxy: ` and an error, and a line feed, to stderr. */
  complain(text: string): Promise<void>;
  /** Writes a report, and a line feed, to stderr. Its lines begin with a place (`file:line:column`), so that editors find it. */
  report(text: string): Promise<void>;
}

/** Stdout cannot be written: its disk is full, say. */
export class OutputError extends Error {
  override readonly name = "OutputError";
}

/** Between tries of a pipe that was set to non-blocking by whoever holds its other end, and is full. */
const FULL_RETRY_MS = 20;

/** The process's own stdout and stderr. A reader that has gone (`| head`) is no error: nobody is left to be told. */
export const processIo: Io = {
  print: (text) => printTo(Deno.stdout, text),
  complain: (text) => complainTo(Deno.stderr, `tcpproxy: ${text}\n`),
  report: (text) => complainTo(Deno.stderr, `${text}\n`),
};

/** {@link Io.print} to a stream. */
export async function printTo(stream: Writable, text: string): Promise<void> {
  try {
    await writeAll(stream, `${text}\n`);
  } catch (error) {
    throw new OutputError(`write to stdout: ${errorMessage(error)}; the output is not complete`, {
      cause: error,
    });
  }
}

/** {@link Io.complain} to a stream. */
export async function complainTo(stream: Writable, text: string): Promise<void> {
  try {
    await writeAll(stream, text);
  } catch {
    // Stderr is where this would be reported; the exit code still tells.
    return;
  }
}

/** What {@link writeAll} needs of a stream. */
export interface Writable {
  write(bytes: Uint8Array): Promise<number>;
}

/** Writes all of `text`; stops without a word when the reader has gone. */
export async function writeAll(stream: Writable, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let written = 0; written < bytes.length;) {
    try {
      written += await stream.write(bytes.subarray(written));
    } catch (error) {
      if (errorCode(error) === "EPIPE") return;
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      await new Promise((resolve) => setTimeout(resolve, FULL_RETRY_MS));
    }
  }
}
