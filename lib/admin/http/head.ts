import { RequestError } from "./request_error.ts";

/** The most bytes of a request's head, with its final empty line. */
export const MAX_HEAD_BYTES = 16 * 1024;

/** The most fields of a request's head. */
export const MAX_FIELDS = 100;

/** The most bytes of a request's body; the largest that a route takes. */
export const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** A request without its body. */
export interface RequestHead {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  /** The body's length in bytes, or `chunked`. */
  readonly body: number | "chunked";
  /** Whether the client speaks HTTP/1.0, which has no chunked responses. */
  readonly isOld: boolean;
  /** Whether the client allows the connection to stay open. */
  readonly keepAlive: boolean;
  /** Whether the client waits for `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean;
}

const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~\w]+) ([\x21-\x7e]+) HTTP\/(\d)\.(\d)$/;
const FIELD = /^([!#$%&'*+\-.^_`|~\w]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/;
const HOST = /^(\[[\da-fA-F:.]+\]|[\w.~!$&'()*+,;=%-]*)(:\d*)?$/;

/** Returns the length of the head that `bytes` start with, its empty line included; `undefined` if that has not come. */
export function headLength(bytes: Uint8Array): number | undefined {
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) {
    if (at >= 3 && bytes[at - 1] === 13 && bytes[at - 2] === 10 && bytes[at - 3] === 13) return at + 1;
  }
  return undefined;
}

/**
 * Parses a request's head, its final empty line included (RFC 9112). Strict where readers could disagree: a bare LF, a
 * folded line, a space before a colon, two lengths or a length beside an encoding are refused.
 *
 * @throws {RequestError} with the status to respond with.
 */
export function parseHead(bytes: Uint8Array): RequestHead {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  const [line = "", ...lines] = text.slice(0, -4).split("\r\n");
  const [, method, target, major, minor] = REQUEST_LINE.exec(line) ?? [];
  if (method === undefined || target === undefined) throw new RequestError(400, "malformed request line");
  if (major !== "1") throw new RequestError(505, `HTTP version ${major}.${minor} is not supported; use 1.1`);
  // The fetch standard forbids them, and no route has them.
  if (/^(CONNECT|TRACE|TRACK)$/i.test(method)) {
    throw new RequestError(501, `method ${method} is not supported`);
  }
  // Methods are case-sensitive (RFC 9110 section 9.1), but the fetch standard takes these for those in upper case.
  if (/^(DELETE|GET|HEAD|OPTIONS|POST|PUT)$/i.test(method) && method !== method.toUpperCase()) {
    throw new RequestError(501, `method ${method} is not supported; use ${method.toUpperCase()}`);
  }
  const isOld = minor === "0";
  const headers = fields(lines);
  const body = bodyOf(headers, isOld);
  const url = urlOf(target, headers, isOld);
  const connection = (headers.get("connection") ?? "").toLowerCase().split(",").map((option) =>
    option.trim()
  );
  return {
    method,
    url,
    headers,
    body,
    isOld,
    keepAlive: !connection.includes("close") && (!isOld || connection.includes("keep-alive")),
    expectsContinue: !isOld && headers.get("expect")?.toLowerCase() === "100-continue",
  };
}

/** Fields where a second one would let two readers see different requests. */
const SINGLE: ReadonlySet<string> = new Set(["host", "content-length", "transfer-encoding", "authorization"]);

function fields(lines: readonly string[]): Headers {
  if (lines.length > MAX_FIELDS) throw new RequestError(431, `more than ${MAX_FIELDS} header fields`);
  const headers = new Headers();
  for (const line of lines) {
    const [, name, value] = FIELD.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new RequestError(400, "malformed header field");
    const key = name.toLowerCase();
    if (SINGLE.has(key) && headers.has(key)) throw new RequestError(400, `more than one "${key}" field`);
    headers.append(key, value.replace(/[ \t]+$/, ""));
  }
  return headers;
}

function bodyOf(headers: Headers, isOld: boolean): number | "chunked" {
  const [length, encoding] = [headers.get("content-length"), headers.get("transfer-encoding")];
  if (encoding !== null) {
    if (length !== null) throw new RequestError(400, 'both "content-length" and "transfer-encoding"');
    if (isOld) throw new RequestError(400, '"transfer-encoding" in HTTP/1.0');
    if (encoding.toLowerCase() !== "chunked") {
      const shown = encoding.replaceAll(/[^ -~]/g, "?");
      throw new RequestError(501, `transfer encoding "${shown}" is not supported; use "chunked"`);
    }
    return "chunked";
  }
  if (length === null) return 0;
  if (!/^\d+$/.test(length)) throw new RequestError(400, '"content-length" is not a number');
  if (Number(length) > MAX_BODY_BYTES) throw tooLarge();
  return Number(length);
}

/** The error of a body that is larger than any route takes. */
export function tooLarge(): RequestError {
  return new RequestError(413, `the body is larger than ${MAX_BODY_BYTES} bytes`);
}

function urlOf(target: string, headers: Headers, isOld: boolean): string {
  const host = headers.get("host");
  if (host === null && !isOld) throw new RequestError(400, 'no "host" field');
  if (host !== null && !HOST.test(host)) throw new RequestError(400, 'malformed "host" field');
  const url = target.startsWith("/") ? `http://${host || "localhost"}${target}` : target;
  if (!/^https?:\/\/[^/?@#]+(?:[/?][^#]*)?$/i.test(url) || !URL.canParse(url)) {
    throw new RequestError(400, "malformed request target");
  }
  // With an absolute target, "host" is to be ignored (RFC 9112 section 3.2.2).
  if (!target.startsWith("/")) headers.set("host", new URL(url).host);
  return url;
}
