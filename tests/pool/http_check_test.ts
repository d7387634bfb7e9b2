import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { CheckTextError } from "../../lib/pool/check_text.ts";
import { MAX_ANSWER_BYTES } from "../../lib/pool/expectation.ts";
import { checkRequest, HttpAnswer, parseStatus } from "../../lib/pool/http_check.ts";

function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** The verdict on an answer in pieces of so many bytes. */
function verdict(status: number | string, answer: string, size = answer.length): string {
  const reader = new HttpAnswer(parseStatus(status));
  for (let at = 0; at < answer.length; at += size) {
    const verdict = reader.feed(bytes(answer.slice(at, at + size)));
    if (verdict !== "need_more") return verdict;
  }
  return "need_more";
}

Deno.test("parseStatus: reads a code, a class and a range", () => {
  assertEquals(parseStatus(204), { first: 204, last: 204 });
  assertEquals(parseStatus("204"), { first: 204, last: 204 });
  assertEquals(parseStatus("2xx"), { first: 200, last: 299 });
  assertEquals(parseStatus("200-399"), { first: 200, last: 399 });
});

Deno.test("parseStatus: refuses everything else", () => {
  for (
    const status of [
      "",
      "ok",
      "20",
      "2x",
      "2XX",
      "0xx",
      "6xx",
      99,
      600,
      -200,
      200.5,
      "399-200",
      "200-",
      "200-600",
    ]
  ) {
    assertThrows(() => parseStatus(status), CheckTextError, `the status is "${status}", one as 200, 2xx`);
  }
});

Deno.test("checkRequest: asks for the path and to close", () => {
  const request = new TextDecoder().decode(checkRequest("/ready?full=1", "app:80"));
  assertEquals(request.split("\r\n"), [
    "GET /ready?full=1 HTTP/1.1",
    "Host: app:80",
    "User-Agent: tcpproxy-check",
    "Accept: */*",
    "Connection: close",
    "",
    "",
  ]);
});

Deno.test("checkRequest: refuses what would be another request", () => {
  for (const path of ["", "ready", "/a b", "/a\r\nX: y", "/é"]) {
    assertThrows(() => checkRequest(path, "app"), CheckTextError, `the path is "${path}"`);
  }
  for (const host of ["", "a b", "a\r\nX: y"]) {
    assertThrows(() => checkRequest("/", host), CheckTextError, `the host is "${host}"`);
  }
});

Deno.test("HttpAnswer: the wanted status matches, another does not, wherever the answer is cut", () => {
  const answer = "HTTP/1.1 204 No Content\r\n\r\n";
  for (let size = 1; size <= answer.length; size++) {
    assertEquals(verdict(204, answer, size), "match");
    assertEquals(verdict("2xx", answer, size), "match");
    assertEquals(verdict(200, answer, size), "no_match");
  }
});

Deno.test("HttpAnswer: an HTTP/1.0 answer and a reason that is empty or missing are well", () => {
  for (const line of ["HTTP/1.0 200 OK", "HTTP/1.1 200 ", "HTTP/1.1 200", "HTTP/1.1 200 tr\xe8s\tbien"]) {
    assertEquals(verdict(200, `${line}\r\n`), "match");
  }
});

Deno.test("HttpAnswer: a line that is not to the letter is no answer", () => {
  const wrong = [
    "HTTP/1.1 200 OK\n",
    "HTTP/1.1  200 OK\r\n",
    "HTTP/1.1 2000 OK\r\n",
    "HTTP/1.1 200OK\r\n",
    "HTTP/2 200\r\n",
    "HTTP/1.2 200 OK\r\n",
    "http/1.1 200 OK\r\n",
    " HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 200 O\0K\r\n",
    "HTTP/1.1 700 OK\r\n",
  ];
  for (const line of wrong) assertEquals(verdict(200, line), "no_match", line);
});

Deno.test("HttpAnswer: another protocol is known by its first bytes", () => {
  assertEquals(verdict(200, "S"), "no_match");
  assertEquals(verdict(200, "HTTPS"), "no_match");
  assertEquals(verdict(200, "HTTP/1.1 2"), "need_more");
});

Deno.test("HttpAnswer: interim answers are passed over with their fields, unless they are wanted", () => {
  const interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n";
  for (const size of [1, 7, 200]) {
    assertEquals(verdict(200, `${interim}HTTP/1.1 200 OK\r\n`, size), "match");
    assertEquals(verdict(200, `${interim}HTTP/1.1 503 No\r\n`, size), "no_match");
  }
  assertEquals(verdict(103, interim), "match");
  assertEquals(verdict(200, "HTTP/1.1 101 Switching Protocols\r\n"), "no_match");
});

Deno.test("HttpAnswer: endless lines and fields are no answer", () => {
  const filler = "x".repeat(MAX_ANSWER_BYTES);
  assertEquals(verdict(200, `HTTP/1.1 200 ${filler}`, 1000), "no_match");
  assertEquals(
    verdict(200, `HTTP/1.1 100 Continue\r\n${filler}\r\n\r\nHTTP/1.1 200 OK\r\n`, 1000),
    "no_match",
  );
});

Deno.test("HttpAnswer: an answer that ends before its line does is none", () => {
  assertEquals(new HttpAnswer(parseStatus(200)).end(), "no_match");
});

Deno.test("HttpAnswer: no bytes make it fail, and the cut changes nothing", () => {
  const pieces = fc.constantFrom("HTTP/1.1 ", "200", "100", " OK", "\r\n", "\n", "a: b", "\0", "é");
  const answers = fc.array(pieces, { maxLength: 10 }).map((pieces) => pieces.join(""));
  fc.assert(fc.property(answers, fc.integer({ min: 1, max: 20 }), (answer, size) => {
    assertEquals(verdict(200, answer, size), verdict(200, answer, Math.max(1, answer.length)));
  }));
});
