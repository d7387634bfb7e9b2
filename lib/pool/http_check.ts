import { CheckTextError } from "./check_text.ts";
import { AnswerHead, type AnswerReader, type AnswerVerdict, MAX_ANSWER_BYTES } from "./expectation.ts";

/** The status codes that are well, both ends included. */
export interface StatusRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Parses the status that is wanted: `200`, a class as `2xx`, or a range as `200-399`.
 *
 * @throws {CheckTextError} when it is none of them, or outside 100 to 599.
 */
export function parseStatus(value: number | string): StatusRange {
  const [, only, hundreds, from, to] = /^(?:(\d{3})|(\d)xx|(\d{3})-(\d{3}))$/.exec(String(value)) ?? [];
  const first = hundreds === undefined ? Number(only ?? from) : Number(hundreds) * 100;
  const last = hundreds === undefined ? Number(only ?? to) : first + 99;
  if (first >= 100 && first <= last && last <= 599) return { first, last };
  throw new CheckTextError(`the status is "${value}", one as 200, 2xx or 200-399 was wanted`);
}

/**
 * The request of a check (RFC 9112 section 3). The target is asked to close, as one check is one connection.
 *
 * @param host for the `Host` field.
 * @throws {CheckTextError} when the path or host could not stand in a request.
 */
export function checkRequest(path: string, host: string): Uint8Array<ArrayBuffer> {
  if (!/^\/[!-~]*$/.test(path)) {
    throw new CheckTextError(
      `the path is "${path}", a "/" and visible ASCII characters (others as %NN) were wanted`,
    );
  }
  if (!/^[!-~]+$/.test(host)) {
    throw new CheckTextError(`the host is "${host}", one as "app.example.com" was wanted`);
  }
  return new TextEncoder().encode(
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: tcpproxy-check\r\nAccept: */*\r\nConnection: close\r\n\r\n`,
  );
}

/**
 * Reads the status of an HTTP/1 answer (RFC 9112 section 4). The line must be to the letter, but for one liberty: the
 * space before an empty reason may be missing, as several servers leave it out. Interim answers (1xx) are passed over
 * with their fields, unless such a status is wanted.
 */
export class HttpAnswer implements AnswerReader {
  readonly #wanted: StatusRange;
  readonly #head = new AnswerHead();
  /** The line under way, one character a byte. */
  #line = "";
  /** Whether the lines belong to an interim answer. */
  #isPassingOver = false;

  constructor(wanted: StatusRange) {
    this.#wanted = wanted;
  }

  feed(bytes: Uint8Array): AnswerVerdict {
    const looked = bytes.subarray(0, MAX_ANSWER_BYTES - this.#head.length);
    this.#head.add(looked);
    for (const byte of looked) {
      this.#line += String.fromCharCode(byte);
      if (!this.#isPassingOver && !isBeginning(this.#line)) return "no_match";
      if (byte !== LF) continue;
      const verdict = this.#take(this.#line);
      if (verdict !== "need_more") return verdict;
      this.#line = "";
    }
    return this.#head.length < MAX_ANSWER_BYTES ? "need_more" : "no_match";
  }

  /** An answer whose first line has not ended is none. */
  end(): "no_match" {
    return "no_match";
  }

  describe(): string {
    return this.#head.show();
  }

  #take(line: string): AnswerVerdict {
    if (this.#isPassingOver) {
      this.#isPassingOver = line !== "\r\n";
      return "need_more";
    }
    const status = Number(STATUS_LINE.exec(line)?.[1]);
    if (status >= this.#wanted.first && status <= this.#wanted.last) return "match";
    // 101 is final: what follows is no HTTP any more (RFC 9110 section 15.2.2).
    if (!(status >= 100 && status < 200) || status === 101) return "no_match";
    this.#isPassingOver = true;
    return "need_more";
  }
}

const LF = 0x0a;

/** The reason may have tabs and bytes beyond ASCII. */
const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})(?: [\t -~\x80-\xff]*)?\r\n$/;

/** The longest fixed part of a status line, to compare beginnings with. */
const STATUS_LINE_SHAPE = "HTTP/1.1 200";

/** Whether this could be the beginning of a status line: a server of another protocol is known by its first bytes. */
function isBeginning(line: string): boolean {
  if (line.length > STATUS_LINE_SHAPE.length) return true;
  // Completed with what a good line goes on with, it must be one.
  const rest = STATUS_LINE_SHAPE.slice(line.length);
  return STATUS_LINE.test(`${line}${rest}\r\n`);
}
