import { ByteRegex, type Pattern, type PatternRun } from "./byte_regex.ts";
import { CheckTextError, parseCheckBytes, quotedText, showBytes } from "./check_text.ts";

/** The verdict on an answer so far. */
export type AnswerVerdict = "match" | "no_match" | "need_more";

/** Judges an answer as it arrives, however it is split. */
export interface AnswerReader {
  /** Takes the next bytes of the answer; not to be called after a verdict other than `need_more`. */
  feed(bytes: Uint8Array): AnswerVerdict;
  /** Returns the verdict at the target's FIN. */
  end(): "match" | "no_match";
  /** Describes what was received, for messages. */
  describe(): string;
}

/** How much of an answer is examined. A banner or a status is a line or two; more is not what was expected. */
export const MAX_ANSWER_BYTES = 16 * 1024;

/** How much of an answer a message shows. */
export const SHOWN_ANSWER_BYTES = 80;

/**
 * Parses `expect`: a text with the escapes of {@link parseCheckBytes}, or `/regex/flags` ({@link ByteRegex}). Either
 * may be anywhere in the answer. Write a leading slash of a text as `\x2f`.
 *
 * @throws {CheckTextError} when it is neither.
 */
export function parseExpect(text: string): Pattern {
  if (!text.startsWith("/")) return new ByteText(parseCheckBytes(text));
  const regex = /^\/([^]+)\/([A-Za-z]*)$/.exec(text);
  if (regex === null) {
    throw new CheckTextError(
      `the text "${
        quotedText(text)
      }" begins with "/" but is no "/regex/flags"; write "\\x2f" for a slash that begins a text`,
    );
  }
  return new ByteRegex(regex[1] ?? "", regex[2] ?? "");
}

/** The bytes that an answer must contain, and those that must not precede them. */
export interface Expected {
  /** Default: the end of a line, or FIN after any data. */
  readonly expect?: Pattern | undefined;
  readonly expectNot?: Pattern | undefined;
}

/** Waits for a pattern in the first {@link MAX_ANSWER_BYTES} of an answer. */
export class Expectation implements AnswerReader {
  readonly #expect: PatternRun;
  readonly #expectNot: PatternRun | undefined;
  readonly #endsAtFin: boolean;
  readonly #head = new AnswerHead();
  /** How many of the bytes last passed to {@link Expectation.feed} belong to this answer. */
  used = 0;

  constructor({ expect, expectNot }: Expected) {
    this.#expect = (expect ?? END_OF_LINE).begin();
    this.#expectNot = expectNot?.begin();
    this.#endsAtFin = expect === undefined;
  }

  get isEmpty(): boolean {
    return this.#head.length === 0;
  }

  /** Byte by byte: which pattern ends first, and where, must not depend on how the answer was split. */
  feed(bytes: Uint8Array): AnswerVerdict {
    for (this.used = 0; this.used < bytes.length;) {
      const byte = bytes.subarray(this.used, ++this.used);
      this.#head.add(byte);
      if (this.#expectNot?.feed(byte)) return this.#refuse(bytes);
      if (this.#expect.feed(byte)) return "match";
      if (this.#head.length >= MAX_ANSWER_BYTES) return this.#refuse(bytes);
    }
    return "need_more";
  }

  end(): "match" | "no_match" {
    if (this.#expectNot?.end()) return "no_match";
    return this.#expect.end() || (this.#endsAtFin && !this.isEmpty) ? "match" : "no_match";
  }

  describe(): string {
    return this.#head.show();
  }

  /** Messages show the bytes behind the deciding ones too. */
  #refuse(bytes: Uint8Array): "no_match" {
    this.#head.add(bytes.subarray(this.used));
    return "no_match";
  }
}

/** The start of an answer, and its length. */
export class AnswerHead {
  readonly #bytes = new Uint8Array(SHOWN_ANSWER_BYTES + 1);
  length = 0;

  add(bytes: Uint8Array): void {
    const room = this.#bytes.length - this.length;
    if (room > 0) this.#bytes.set(bytes.subarray(0, room), this.length);
    this.length += bytes.length;
  }

  show(): string {
    return showBytes(this.#bytes.subarray(0, this.length), SHOWN_ANSWER_BYTES);
  }
}

/** A byte string, found with the Knuth-Morris-Pratt algorithm: in one pass, without looking back. */
class ByteText implements Pattern {
  readonly #bytes: Uint8Array;
  /** The border table: for each prefix length, that of its longest proper prefix that is also its suffix. */
  readonly #borders: Uint32Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#borders = new Uint32Array(bytes.length + 1);
    for (let i = 1; i < bytes.length; i++) {
      this.#borders[i + 1] = this.#step(this.#borders[i] ?? 0, bytes[i] ?? 0);
    }
  }

  begin(): PatternRun {
    let matched = 0;
    return {
      feed: (bytes) => {
        for (let i = 0; i < bytes.length && matched < this.#bytes.length; i++) {
          matched = this.#step(matched, bytes[i] ?? 0);
        }
        return matched === this.#bytes.length;
      },
      end: () => matched === this.#bytes.length,
    };
  }

  /** Returns the length matched after `byte`, given the length before it. */
  #step(matched: number, byte: number): number {
    let length = matched;
    while (length > 0 && this.#bytes[length] !== byte) length = this.#borders[length] ?? 0;
    return this.#bytes[length] === byte ? length + 1 : 0;
  }
}

const END_OF_LINE: Pattern = new ByteText(Uint8Array.of(0x0a));
