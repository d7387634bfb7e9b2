import { ByteRegex, type Pattern, type PatternRun } from "./byte_regex.ts";
import { CheckTextError, parseCheckBytes, showBytes } from "./check_text.ts";

/** What is known of an answer so far. */
export type AnswerVerdict = "match" | "no_match" | "need_more";

/** An answer that is judged as it comes, wherever it is cut. */
export interface AnswerReader {
  /** Takes the next bytes of the answer; not to be called after another verdict than `need_more`. */
  feed(bytes: Uint8Array): AnswerVerdict;
  /** The verdict when the target has sent FIN. */
  end(): "match" | "no_match";
  /** What has come, for a message. */
  describe(): string;
}

/** How much of an answer is looked at. A banner or a status is a line or two; who sends more is not what was expected. */
export const MAX_ANSWER_BYTES = 16 * 1024;

/** How much of an answer a message shows. */
export const SHOWN_ANSWER_BYTES = 80;

/**
 * Parses `expect`: a text with the escapes of {@link parseCheckBytes}, or `/regex/flags` ({@link ByteRegex}). Either is
 * to be found anywhere in the answer. A text that begins with a slash begins with `\x2f`.
 *
 * @throws {CheckTextError} when it is neither.
 */
export function parseExpect(text: string): Pattern {
  if (!text.startsWith("/")) return new ByteText(parseCheckBytes(text));
  const regex = /^\/([^]+)\/([A-Za-z]*)$/.exec(text);
  if (regex === null) {
    throw new CheckTextError(
      `the text "${text}" begins with "/" and is no "/regex/flags", one or "\\x2f" for the slash was wanted`,
    );
  }
  return new ByteRegex(regex[1] ?? "", regex[2] ?? "");
}

/** Waits for a pattern in the first {@link MAX_ANSWER_BYTES} of an answer. */
export class Expectation implements AnswerReader {
  readonly #run: PatternRun;
  readonly #head = new AnswerHead();

  constructor(pattern: Pattern) {
    this.#run = pattern.begin();
  }

  feed(bytes: Uint8Array): AnswerVerdict {
    const room = MAX_ANSWER_BYTES - this.#head.length;
    const looked = bytes.subarray(0, room);
    this.#head.add(looked);
    if (this.#run.feed(looked)) return "match";
    return this.#head.length < MAX_ANSWER_BYTES ? "need_more" : "no_match";
  }

  end(): "match" | "no_match" {
    return this.#run.end() ? "match" : "no_match";
  }

  describe(): string {
    return this.#head.show();
  }
}

/** The beginning of an answer, and how long it is. */
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

/** A row of bytes, found as Knuth, Morris and Pratt do: in one pass, without looking back. */
class ByteText implements Pattern {
  readonly #bytes: Uint8Array;
  /** For each length of a beginning, that of its longest proper beginning which is its end too. */
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

  /** How much is matched after `byte` where `matched` were before it. */
  #step(matched: number, byte: number): number {
    let length = matched;
    while (length > 0 && this.#bytes[length] !== byte) length = this.#borders[length] ?? 0;
    return this.#bytes[length] === byte ? length + 1 : 0;
  }
}
