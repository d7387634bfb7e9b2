import { MAX_BODY_BYTES, MAX_HEAD_BYTES, tooLarge } from "./head.ts";
import type { Input } from "./input.ts";
import { RequestError } from "./request_error.ts";

/** The longest line of a chunk's size, with its extensions. */
const MAX_SIZE_LINE = 256;

/** Reads a request's body from the client's bytes (RFC 9112 sections 6 and 7.1). */
export class Body {
  readonly #input: Input;
  readonly #chunked: boolean;
  /** Bytes of the body, or of the chunk, that have not come yet. */
  #left: number;
  #total = 0;
  #isDone: boolean;

  constructor(input: Input, length: number | "chunked") {
    this.#input = input;
    this.#chunked = length === "chunked";
    this.#left = length === "chunked" ? 0 : length;
    this.#isDone = length === 0;
  }

  /** Whether all of it has been read, so that the next request follows. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /**
   * Returns the next part; `undefined` at the end.
   *
   * @throws {RequestError} when it is malformed, too large or ends early; what reading throws.
   */
  async next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.#isDone) return undefined;
    if (this.#left === 0 && !await this.#nextChunk()) return undefined;
    if (this.#input.length === 0 && !await this.#input.more()) {
      throw new RequestError(400, "the body ended early");
    }
    const bytes = this.#input.take(this.#left);
    this.#left -= bytes.length;
    if (this.#left === 0) {
      if (!this.#chunked) this.#isDone = true;
      else if (await this.#input.takeLine(2) !== "") throw new RequestError(400, "malformed chunked body");
    }
    return bytes;
  }

  async #nextChunk(): Promise<boolean> {
    const [, size] = /^([\da-fA-F]{1,8})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?$/
      .exec(await this.#input.takeLine(MAX_SIZE_LINE)) ?? [];
    if (size === undefined) throw new RequestError(400, "malformed chunked body");
    this.#left = parseInt(size, 16);
    this.#total += this.#left;
    if (this.#total > MAX_BODY_BYTES) throw tooLarge();
    if (this.#left > 0) return true;
    // No route reads trailers.
    for (let room = MAX_HEAD_BYTES;;) {
      const line = await this.#input.takeLine(room);
      room -= line.length + 2;
      if (line === "") break;
    }
    this.#isDone = true;
    return false;
  }
}
