import { latin1, latin1Bytes } from "../../helpers/bytes.ts";
import { hex } from "../engine/fuzz_target.ts";

/** What a connection's bytes are to a strict reader of RFC 9112, and how it ends. */
export interface ReadRequests {
  /** Method, target and body of each whole request. */
  readonly requests: readonly string[];
  /** Whether what follows is refused; otherwise the connection ends in good order. */
  readonly isRefused: boolean;
}

/** Where a second field would let two readers see different requests. */
const SINGLE = ["host", "content-length", "transfer-encoding", "authorization"];

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * Reads requests as strictly as the server does, but in another way: with the whole text at hand. What both make of the same
 * bytes must be the same, or one of them lets a request be smuggled.
 */
export function readRequests(bytes: Uint8Array): ReadRequests {
  let rest = latin1(bytes);
  const requests: string[] = [];
  for (;;) {
    while (rest.startsWith("\r\n")) rest = rest.slice(2);
    const end = rest.indexOf("\r\n\r\n");
    if (end < 0) return { requests, isRefused: rest.length >= 16_384 };
    if (end + 4 > 16_384) return { requests, isRefused: true };
    const head = readHead(rest.slice(0, end));
    if (head === undefined) return { requests, isRefused: true };
    // These are answered without a look at a body, which ends the connection.
    if (/^(?:GET|HEAD)$/.test(head.method) && head.length !== 0) {
      return { requests: [...requests, `${head.method} ${head.target} `], isRefused: false };
    }
    const body = readBody(rest.slice(end + 4), head);
    if (body === undefined) return { requests, isRefused: true };
    requests.push(`${head.method} ${head.target} ${hex(latin1Bytes(body.text))}`);
    if (head.isLast) return { requests, isRefused: false };
    rest = body.rest;
  }
}

interface Head {
  readonly method: string;
  readonly target: string;
  readonly length: number | "chunked";
  readonly isLast: boolean;
}

function readHead(text: string): Head | undefined {
  const [first = "", ...lines] = text.split("\r\n");
  const [method = "", target = "", version = "", ...more] = first.split(" ");
  if (more.length > 0 || !TOKEN.test(method) || !/^[\x21-\x7e]+$/.test(target)) return undefined;
  if (!/^HTTP\/1\.[0-9]$/.test(version) || /^(?:connect|trace|track)$/i.test(method)) return undefined;
  if (/^(?:delete|get|head|options|post|put)$/i.test(method) && /[a-z]/.test(method)) return undefined;
  if (lines.length > 100) return undefined;
  const fields = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const [name, value] = [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "")];
    if (colon < 1 || !TOKEN.test(name) || /[^\t\x20-\x7e\x80-\xff]/.test(value)) return undefined;
    const key = name.toLowerCase();
    if (SINGLE.includes(key) && fields.has(key)) return undefined;
    fields.set(key, fields.has(key) ? `${fields.get(key)}, ${value}` : value);
  }
  const isOld = version === "HTTP/1.0";
  const length = lengthOf(fields, isOld);
  if (length === undefined || !isTarget(target, fields.get("host"), isOld)) return undefined;
  const options = (fields.get("connection") ?? "").toLowerCase().split(",").map((option) => option.trim());
  return {
    method,
    target,
    length,
    isLast: options.includes("close") || (isOld && !options.includes("keep-alive")),
  };
}

function lengthOf(fields: ReadonlyMap<string, string>, isOld: boolean): Head["length"] | undefined {
  const [length, encoding] = [fields.get("content-length"), fields.get("transfer-encoding")];
  if (encoding !== undefined) {
    return length === undefined && !isOld && encoding.toLowerCase() === "chunked" ? "chunked" : undefined;
  }
  if (length === undefined) return 0;
  return /^[0-9]+$/.test(length) && Number(length) <= 4 * 1024 * 1024 ? Number(length) : undefined;
}

function isTarget(target: string, host: string | undefined, isOld: boolean): boolean {
  if (host === undefined && !isOld) return false;
  if (host !== undefined && !/^(?:\[[\da-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d*)?$/i.test(host)) return false;
  const url = target.startsWith("/") ? `http://${host || "localhost"}${target}` : target;
  return /^https?:\/\//i.test(url) && !/[#]/.test(url) && !/^[^/]*\/\/[^/?]*@/.test(url) &&
    URL.canParse(url) &&
    !/^https?:\/\/(?:[/?]|$)/i.test(url);
}

function readBody(text: string, { length }: Head): { text: string; rest: string } | undefined {
  if (length !== "chunked") {
    return text.length < length ? undefined : { text: text.slice(0, length), rest: text.slice(length) };
  }
  let body = "";
  for (let rest = text;;) {
    const size = /^([\da-fA-F]{1,8})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?\r\n/.exec(rest);
    if (size === null || size[0].length > 256) return undefined;
    const count = parseInt(size[1] ?? "", 16);
    rest = rest.slice(size[0].length);
    if (count > 0) {
      if (rest.length < count + 2 || rest.slice(count, count + 2) !== "\r\n") return undefined;
      body += rest.slice(0, count);
      rest = rest.slice(count + 2);
      continue;
    }
    for (;;) {
      const end = rest.indexOf("\n");
      if (end < 1 || rest[end - 1] !== "\r") return undefined;
      const line = rest.slice(0, end - 1);
      rest = rest.slice(end + 1);
      if (line === "") return { text: body, rest };
    }
  }
}
