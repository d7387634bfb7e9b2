import { errorCode } from "../base/mod.ts";

/** Where a command's words go. A test gives its own and reads them. */
export interface Io {
  /** Writes a result, and a line feed, to stdout. Resolves when it is written. */
  print(text: string): Promise<void>;
  /** Writes `tcpproxy: ` and an error, and a line feed, to stderr. */
  complain(text: string): Promise<void>;
}

/** Between tries of a pipe that was set to non-blocking by whoever holds its other end, and is full. */
const FULL_RETRY_MS = 20;

/** The process's own stdout and stderr. A reader that has gone (`| head`) is no error: nobody is left to be told. */
export const processIo: Io = {
  print: (text) => writeAll(Deno.stdout, `${text}\n`),
  complain: (text) => writeAll(Deno.stderr, `tcpproxy: ${text}\n`),
};

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
