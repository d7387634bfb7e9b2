import { type Address, formatAddress } from "../../base/mod.ts";
import { CheckTextError } from "./check_text.ts";
import { type Exchange, OneAnswer } from "./exchange.ts";
import { AnswerHead, type AnswerReader, type AnswerVerdict, MAX_ANSWER_BYTES } from "./expectation.ts";

/** The status codes that a check accepts, both ends included. */
export interface StatusRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Parses the expected status: `200`, a class as `2xx`, or a range as `200-399`.
 *
 * @throws {CheckTextError} when it is none of them, or outside 100 to 599.
 */
export function parseStatus(value: number | string): StatusRange {
  const [, only, hundreds, from, to] = /^(?:(\d{3})|(\d)xx|(\d{3})-(\d{3}))$/.exec(String(value)) ?? [];
  const first = hundreds === undefined ? Number(only ?? from) : Number(hundreds) * 100;
  const last = hundreds === undefined ? Number(only ?? to) : first + 99;
  if (first >= 100 && first <= last && last <= 599) return { first, last };
  throw new CheckTextError(`the status is "${value}"; expected one such as 200, 2xx or 200-399`);
}

/** An HTTP health check. */
export interface HttpProbe {
  readonly path: string;
  readonly status: StatusRange;
  /** The `Host` field. Default the checked address. */
  readonly host?: string | undefined;
}

/**
 * Starts an HTTP check.
 *
 * @throws {CheckTextError} when path or host are invalid in a request.
 */
export function httpExchange({ path, status, host }: HttpProbe, address: Address): Exchange {
  const fallback = address.kind === "unix" ? "localhost" : formatAddress(address);
  return new OneAnswer(checkRequest(path, host ?? fallback), new HttpAnswer(status));
}

/**
 * Returns the request of a check (RFC 9112 section 3). It asks the target to close, as each check has its own
 * connection.
 *
 * @param host for the `Host` field.
 * @throws {CheckTextError} when path or host are invalid in a request.
 */
export function checkRequest(path: string, host: string): Uint8Array<ArrayBuffer> {
  if (!/^\/[!-~]*$/.test(path)) {
    throw new CheckTextError(
      `the path is "${path}"; expected "/" and visible ASCII characters (write others as %NN)`,
    );
  }
  if (!/^[!-~]+$/.test(host)) {
    throw new CheckTextError(`the host is "${host}"; expected one such as "app.example.com"`);
  }
  return new TextEncoder().encode(
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: tcpproxy-check\r\nAccept: */*\r\nConnection: close\r\n\r\n`,
  );
}

/**
 * Reads the status of an HTTP/1 response (RFC 9112 section 4) as leniently as HTTP clients do: lines may end in LF
 * alone and empty lines may precede the status (section 2.2); any minor version, lower case, tabs or several spaces
 * are accepted, and the reason may be missing. Skips interim responses (1xx) with their fields, unless such a status
 * is expected.
 */
export class HttpAnswer implements AnswerReader {
  readonly #expected: StatusRange;
  readonly #head = new AnswerHead();
  /** The line so far, one character per byte. */
  #line = "";
  /** Whether the lines belong to an interim response. */
  #isInterim = false;

  constructor(expected: StatusRange) {
    this.#expected = expected;
  }

  feed(bytes: Uint8Array): AnswerVerdict {
    const looked = bytes.subarray(0, MAX_ANSWER_BYTES - this.#head.length);
    this.#head.add(looked);
    for (const byte of looked) {
      this.#line += String.fromCharCode(byte);
      if (byte === LF) {
        const verdict = this.#take(this.#line);
        if (verdict !== "need_more") return verdict;
        this.#line = "";
      } else if (!this.#isInterim && !isBeginning(this.#line)) {
        return "no_match";
      }
    }
    return this.#head.length < MAX_ANSWER_BYTES ? "need_more" : "no_match";
  }

  /** An unfinished status line is not an answer. */
  end(): "no_match" {
    return "no_match";
  }

  describe(): string {
    return this.#head.show();
  }

  #take(line: string): AnswerVerdict {
    if (EMPTY_LINE.test(line)) {
      this.#isInterim = false;
      return "need_more";
    }
    if (this.#isInterim) return "need_more";
    const status = Number(STATUS_LINE.exec(line)?.[1]);
    if (status >= this.#expected.first && status <= this.#expected.last) return "match";
    // 101 is final: what follows is no longer HTTP (RFC 9110 section 15.2.2).
    if (!(status >= 100 && status < 200) || status === 101) return "no_match";
    this.#isInterim = true;
    return "need_more";
  }
}

const LF = 0x0a;

const EMPTY_LINE = /^\r?\n$/;

/** The reason may have tabs, CRs (section 2.2: read as a space) and non-ASCII bytes. */
const STATUS_LINE = /^HTTP\/1\.\d[ \t]+(\d{3})(?:[ \t][\t\r -~\x80-\xff]*)?\r?\n$/i;

/** Matches any prefix of a status line, piece by piece. */
const BEGINNING = new RegExp(
  `^(?:\\r|${
    ["H", "T", "T", "P", "/", "1", "\\.", "\\d", "[ \\t]+", "\\d", "\\d", "\\d"]
      .reduceRight((rest, piece) => `(?:${piece}${rest})?`, "(?:\\r|[ \\t].*)?")
  })$`,
  "is",
);

/** A line is judged only at its end once it is this long; matching it at every byte would take quadratic time. */
const BEGINNING_CHARS = 64;

/** Whether this could be a prefix of a status line: another protocol shows in its first bytes. */
function isBeginning(line: string): boolean {
  return line.length > BEGINNING_CHARS || BEGINNING.test(line);
}
