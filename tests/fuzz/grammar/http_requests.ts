import { latin1Bytes } from "../../helpers/bytes.ts";
import type { Draw } from "../engine/draw.ts";

const FIELDS = [
  "host: a",
  "Host: localhost:1",
  "content-length: 3",
  "Content-Length: 0",
  "content-length: +3",
  "content-length: 3, 3",
  "content-length: 00003",
  "content-length: 0x3",
  "content-length:\t3 ",
  "transfer-encoding: chunked",
  "Transfer-Encoding: Chunked",
  "transfer-encoding: chunked, chunked",
  "transfer-encoding:\x0bchunked",
  "transfer-encoding: identity",
  "transfer-encoding : chunked",
  "Transfer-Encoding: gzip, chunked",
  "transfer\x00-encoding: chunked",
  " transfer-encoding: chunked",
  "connection: close",
  "connection: keep-alive, x",
  "expect: 100-continue",
  "x: y",
  "x:",
  ": x",
  "x",
  "x: \x01",
  "x: \xff",
  "authorization: Bearer x",
  "origin: http://evil",
  "host: evil",
  "host: a:99999",
  "host: [::1]:5",
  "host:",
  "upgrade: h2c",
  "accept: */*",
];

/** Tokens that mutations put in. */
export const HTTP_WORDS: readonly string[] = [
  ...FIELDS.map((field) => `${field}\r\n`),
  "GET / HTTP/1.1\r\n",
  "POST /x HTTP/1.1\r\n",
  "HTTP/1.0",
  "HTTP/1.1",
  "\r\n\r\n",
  "\n\n",
  "\r\n",
  "\n",
  "0\r\n\r\n",
  "3\r\nabc\r\n",
  "3;a=b\r\nabc\r\n",
  "ffffffff\r\n",
  "\r",
  " ",
  "\t",
  "//",
  "http://a/",
  "http://a@b/",
  "%00",
  "#",
];

/** One request after the other, some of them such that two readers may see different ones. */
export function httpRequests(draw: Draw): Uint8Array {
  return latin1Bytes(draw.list(3, () => request(draw)).join(""));
}

function request(draw: Draw): string {
  const end = (): string => draw.once(25) ? draw.pick(["\n", "\r", "\r\r\n", ""]) : "\r\n";
  const method = draw.pick([
    "GET",
    "GET",
    "POST",
    "PUT",
    "DELETE",
    "HEAD",
    "OPTIONS",
    "get",
    "CONNECT",
    "G@T",
    "PATCH",
  ]);
  const target = draw.pick([
    "/",
    "/api/status",
    "/healthz",
    "/x?y=%00",
    "//a",
    "http://b/c",
    "*",
    "/a b",
    "/\xff",
    "/#x",
    "http://u@h/",
    "/..%2f",
    "/api/apps/%zz",
    "http://[::1/",
    `/${"a".repeat(draw.below(60))}`,
  ]);
  const version = draw.once(10)
    ? draw.pick(["HTTP/1.0", "HTTP/2.0", "HTTP/1.2", "http/1.1", "HTTP/1.1 "])
    : "HTTP/1.1";
  const fields = [...draw.once(10) ? [] : ["host: a"], ...draw.list(4, () => draw.pick(FIELDS))];
  if (draw.once(60)) fields.push(`x: ${"y".repeat(17_000)}`);
  if (draw.once(60)) fields.push(...Array.from({ length: 101 }, () => "x: y"));
  const isChunked = draw.once(4);
  const hasBody = isChunked || draw.once(3);
  if (isChunked) fields.push("transfer-encoding: chunked");
  const body = draw.pick(["abc", "{}", "GET / HTTP/1.1\r\nhost: a\r\n\r\n", "\r\n", '{"name":"x"}']);
  if (hasBody && !isChunked) fields.push(`content-length: ${draw.once(8) ? draw.edge(8) : body.length}`);
  const head = [`${method} ${target} ${version}`, ...fields].map((line) => line + end()).join("") + end();
  if (!hasBody) return head;
  return head + (isChunked ? chunked(draw, body) : body);
}

function chunked(draw: Draw, body: string): string {
  const size = draw.once(8)
    ? draw.pick(["0x3", "-1", "ffffffffff", "3 ", "", "g", "7fffffff", "03"])
    : body.length.toString(16);
  const extension = draw.once(6)
    ? draw.pick([";a", ";a=b", " ;x", ";\n", ";\x01", `;${"e".repeat(300)}`])
    : "";
  const ends = draw.once(10) ? draw.pick(["\n", "", "x\r\n"]) : "\r\n";
  const last = draw.once(8)
    ? draw.pick([
      "0\r\n",
      "00\r\n\r\n",
      "0\n\n",
      "0;x\r\n\r\n",
      "",
      "0\r\nx: y\r\n\r\n",
      "0\r\ncontent-length: 5\r\n\r\n",
    ])
    : "0\r\n\r\n";
  return `${size}${extension}\r\n${body}${ends}${last}`;
}
