import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { anyCodePoints } from "../../helpers/any_text.ts";
import { Body } from "../../../lib/admin/http/body.ts";
import { headLength, parseHead } from "../../../lib/admin/http/head.ts";
import { Input } from "../../../lib/admin/http/input.ts";
import { RequestError } from "../../../lib/admin/http/request_error.ts";
import { concat, utf8 } from "../../helpers/bytes.ts";

const HOST = "host: a";

/** Why a head is refused. */
const REFUSED: readonly (readonly [number, string])[] = [
  [400, "GET / HTTP/1.1"],
  [400, `GET  / HTTP/1.1\r\n${HOST}`],
  [400, `GET /a b HTTP/1.1\r\n${HOST}`],
  [400, `GET /#a HTTP/1.1\r\n${HOST}`],
  [400, `GET * HTTP/1.1\r\n${HOST}`],
  [400, `GET http:///u@b HTTP/1.1\r\n${HOST}`],
  [400, `GET http://u@b/ HTTP/1.1\r\n${HOST}`],
  [400, `GET / HTTP/1.1\r\n${HOST}\r\n${HOST}`],
  [400, "GET / HTTP/1.1\r\nhost: a/b"],
  [400, "GET / HTTP/1.1\r\nhost: a@b"],
  [400, `GET / HTTP/1.1\n${HOST}`],
  [400, `GET / HTTP/1.1\r\n${HOST}\r\nx : y`],
  [400, `GET / HTTP/1.1\r\n${HOST}\r\nx: y\r\n folded`],
  [400, `GET / HTTP/1.1\r\n${HOST}\r\nx: a\nb: c`],
  [400, `GET / HTTP/1.1\r\n${HOST}\r\nx: \0`],
  [400, `POST / HTTP/1.1\r\n${HOST}\r\ncontent-length: 1\r\ntransfer-encoding: chunked`],
  [400, `POST / HTTP/1.1\r\n${HOST}\r\ncontent-length: 1\r\ncontent-length: 1`],
  [400, `POST / HTTP/1.1\r\n${HOST}\r\ncontent-length: 1, 1`],
  [400, `POST / HTTP/1.1\r\n${HOST}\r\ncontent-length: +1`],
  [400, `POST / HTTP/1.1\r\n${HOST}\r\ncontent-length:`],
  [400, "POST / HTTP/1.0\r\ntransfer-encoding: chunked"],
  [413, `POST / HTTP/1.1\r\n${HOST}\r\ncontent-length: 4194305`],
  [413, `POST / HTTP/1.1\r\n${HOST}\r\ncontent-length: ${"9".repeat(400)}`],
  [431, `GET / HTTP/1.1\r\n${HOST}${"\r\nx: y".repeat(100)}`],
  [501, `CONNECT / HTTP/1.1\r\n${HOST}`],
  [501, `get / HTTP/1.1\r\n${HOST}`],
  [501, `Head / HTTP/1.1\r\n${HOST}`],
  [501, `POST / HTTP/1.1\r\n${HOST}\r\ntransfer-encoding: gzip, chunked`],
  [501, `POST / HTTP/1.1\r\n${HOST}\r\ntransfer-encoding: xchunked`],
  [505, `GET / HTTP/2.0\r\n${HOST}`],
];

for (const [status, text] of REFUSED) {
  Deno.test(`parseHead: ${status} for ${JSON.stringify(text.slice(0, 80))}`, () => {
    const error = assertThrows(() => parseHead(utf8(`${text}\r\n\r\n`)), RequestError);
    assertEquals(error.status, status);
  });
}

Deno.test("parseHead: a message repeats nothing that a terminal would obey", () => {
  const text = `POST / HTTP/1.1\r\n${HOST}\r\ntransfer-encoding: \x9b31m\r\n\r\n`;
  const error = assertThrows(
    () => parseHead(Uint8Array.from(text, (each) => each.charCodeAt(0))),
    RequestError,
  );
  assertEquals(error.message, 'transfer encoding "?31m" is not supported; use "chunked"');
});

Deno.test("parseHead: method, target, fields and framing", () => {
  const head = parseHead(
    utf8("POST //a?b=@c HTTP/1.1\r\nHost: x:9\r\nA:  b \r\na: c\r\nContent-Length: 3\r\n\r\n"),
  );
  assertEquals(
    [head.method, head.url, head.headers.get("a"), head.body, head.keepAlive, head.isOld],
    ["POST", "http://x:9//a?b=@c", "b, c", 3, true, false],
  );
});

Deno.test("parseHead: an absolute target replaces the host", () => {
  const head = parseHead(utf8("GET http://b:1/x HTTP/1.1\r\nhost: localhost\r\n\r\n"));
  assertEquals([head.url, head.headers.get("host")], ["http://b:1/x", "b:1"]);
});

Deno.test("parseHead: HTTP/1.0 closes unless it asks to keep alive, 1.1 the other way round", () => {
  const keeps = (version: string, field: string): boolean =>
    parseHead(utf8(`GET / HTTP/${version}\r\n${HOST}\r\n${field}\r\n\r\n`)).keepAlive;
  assertEquals([keeps("1.0", "x: y"), keeps("1.0", "connection: Keep-Alive")], [false, true]);
  assertEquals([keeps("1.1", "x: y"), keeps("1.1", "connection: x, Close")], [true, false]);
});

Deno.test("parseHead: any bytes give a head or a RequestError", () => {
  const part = fc.constantFrom(
    "GET ",
    "/",
    " HTTP/1.1",
    "\r\n",
    "host: a",
    ":",
    "\n",
    " ",
    "content-length: 1",
    "\xff",
    "[",
    "http://",
    "%",
  );
  const text = fc.oneof(anyCodePoints(), fc.array(part).map((parts) => parts.join("")));
  fc.assert(fc.property(text, (text) => {
    try {
      new Request(parseHead(utf8(`${text}\r\n\r\n`)).url);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
    }
  }));
});

Deno.test("headLength: the head ends with the first empty line", () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom("\r", "\n", "a"), maxLength: 30 }), (text) => {
    const at = text.indexOf("\r\n\r\n");
    assertEquals(headLength(utf8(text)), at === -1 ? undefined : at + 4);
  }));
});

/** Gives `bytes` in reads of these sizes, then the end. */
function inputOf(bytes: Uint8Array, sizes: readonly number[]): Input {
  let [at, turn] = [0, 0];
  return new Input({
    read: (buffer) => {
      if (at === bytes.length) return Promise.resolve(null);
      const part = bytes.subarray(at, at + Math.min(sizes[turn++ % sizes.length] ?? 1, buffer.length));
      buffer.set(part);
      at += part.length;
      return Promise.resolve(part.length);
    },
  });
}

Deno.test("Body: gives a body as it was sent, however it is divided, and leaves what follows", async () => {
  const part = fc.uint8Array({ minLength: 1, maxLength: 50 });
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
  await fc.assert(fc.asyncProperty(fc.array(part), sizes, fc.boolean(), async (parts, sizes, chunked) => {
    const whole = concat(...parts);
    const sent = chunked
      ? concat(
        ...parts.flatMap((part) => [utf8(`${part.length.toString(16)};e\r\n`), part, utf8("\r\n")]),
        utf8("0\r\n\r\n"),
      )
      : whole;
    const input = inputOf(concat(sent, utf8("GET")), sizes);
    const body = new Body(input, chunked ? "chunked" : whole.length);
    const got: Uint8Array[] = [];
    for (let next = await body.next(); next !== undefined; next = await body.next()) got.push(next);
    assertEquals([concat(...got), body.isDone], [whole, true]);
    while (input.length < 3) await input.more();
    assertEquals(input.take(9), utf8("GET"));
  }));
});
