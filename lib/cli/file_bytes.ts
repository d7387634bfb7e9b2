import { errorMessage } from "../base/mod.ts";
import { type ByteOutput, OutputError, writeBytes } from "./io.ts";

/** A file that is created, or replaced, when the first bytes are written. */
export class FileBytes implements ByteOutput, Disposable {
  readonly isTerminal = false;
  readonly #path: string;
  #file: Deno.FsFile | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async write(bytes: Uint8Array): Promise<boolean> {
    this.#file ??= await this.#open();
    return await writeBytes(this.#file, this.#path, bytes);
  }

  async #open(): Promise<Deno.FsFile> {
    try {
      return await Deno.open(this.#path, { write: true, create: true, truncate: true });
    } catch (error) {
      throw new OutputError(`write to ${this.#path}: ${errorMessage(error)}; name another file`, {
        cause: error,
      });
    }
  }

  [Symbol.dispose](): void {
    this.#file?.close();
    this.#file = undefined;
  }
}
