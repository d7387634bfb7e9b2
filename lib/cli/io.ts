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
  /** The terminal that stdout is; `undefined` for a pipe or a file: no colours, and lines as long as they are. */
  readonly terminal?: OutputTerminal | undefined;
  /**
   * Asks a question on the terminal, which only "y" or "yes" agrees to; `undefined` where nobody is there to answer.
   */
  readonly confirm?: ((question: string) => Promise<boolean>) | undefined;
  /** Writes a report, and a line feed, to stderr. Its lines begin with a place (`file:line:column`), so that editors find it. */
  report(text: string): Promise<void>;
  /** Stdout, for bytes. */
  readonly bytes: ByteOutput;
  /** Shows, on the line of stderr that the cursor is in, how far something is; `undefined` where stderr is no terminal. */
  readonly progress?: ((text: string) => Promise<void>) | undefined;
}

/** Where a command writes bytes. */
export interface ByteOutput {
  /** Whether a person would see them. */
  readonly isTerminal: boolean;
  /**
   * Writes all of them; `false` where the reader has gone.
   *
   * @throws {OutputError} when they cannot be written.
   */
  write(bytes: Uint8Array): Promise<boolean>;
}

/** What stdout is when it is a terminal. */
export interface OutputTerminal {
  readonly columns: number;
  readonly isColored: boolean;
}

/** Stdout cannot be written: its disk is full, say. */
export class OutputError extends Error {
  override readonly name = "OutputError";
}

/** The pause before another write to a full pipe that its other holder has set to non-blocking. */
const FULL_RETRY_MS = 20;

/** The process's own stdout and stderr. A reader that has gone (`| head`) is no error: nobody is left to read it. */
export const processIo: Io = {
  get terminal(): OutputTerminal | undefined {
    if (!Deno.stdout.isTerminal()) return undefined;
    return { columns: Deno.consoleSize().columns || 80, isColored: !Deno.noColor };
  },
  get confirm(): Io["confirm"] {
    return Deno.stdin.isTerminal() && Deno.stderr.isTerminal() ? askOnTerminal : undefined;
  },
  print: (text) => printTo(Deno.stdout, text),
  complain: (text) => complainTo(Deno.stderr, `tcpproxy: ${text}\n`),
  report: (text) => complainTo(Deno.stderr, `${text}\n`),
  bytes: {
    get isTerminal() {
      return Deno.stdout.isTerminal();
    },
    write: (bytes) => writeBytes(Deno.stdout, "stdout", bytes),
  },
  get progress(): Io["progress"] {
    return Deno.stderr.isTerminal() ? (text) => complainTo(Deno.stderr, `\r\x1b[K${text}`) : undefined;
  },
};

/** Reads one line; the end of input is no agreement. */
async function askOnTerminal(question: string): Promise<boolean> {
  await writeAll(Deno.stderr, `${question} [y/N] `);
  const buffer = new Uint8Array(256);
  const count = await Deno.stdin.read(buffer) ?? 0;
  return /^y(es)?\s*$/i.test(new TextDecoder().decode(buffer.subarray(0, count)));
}

/** {@link Io.print} to a stream. */
export async function printTo(stream: Writable, text: string): Promise<void> {
  await writeBytes(stream, "stdout", new TextEncoder().encode(`${text}\n`));
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

/** The part of a stream that {@link writeAll} uses. */
export interface Writable {
  write(bytes: Uint8Array): Promise<number>;
}

/** Writes all of `text`; stops without a word when the reader has gone. */
export async function writeAll(stream: Writable, text: string): Promise<void> {
  await writePieces(stream, new TextEncoder().encode(text));
}

/** {@link ByteOutput.write} to a stream of this name. */
export async function writeBytes(stream: Writable, name: string, bytes: Uint8Array): Promise<boolean> {
  try {
    return await writePieces(stream, bytes);
  } catch (error) {
    throw new OutputError(`write to ${name}: ${errorMessage(error)}; the output is not complete`, {
      cause: error,
    });
  }
}

/** Returns whether there is still a reader. */
async function writePieces(stream: Writable, bytes: Uint8Array): Promise<boolean> {
  for (let written = 0; written < bytes.length;) {
    try {
      written += await stream.write(bytes.subarray(written));
    } catch (error) {
      if (errorCode(error) === "EPIPE") return false;
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      await new Promise((resolve) => setTimeout(resolve, FULL_RETRY_MS));
    }
  }
  return true;
}
