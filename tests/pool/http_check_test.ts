import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { CheckTextError } from "../../lib/pool/checks/check_text.ts";
import { MAX_ANSWER_BYTES } from "../../lib/pool/checks/expectation.ts";
import { checkRequest, HttpAnswer, parseStatus } from "../../lib/pool/checks/http_check.ts";

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
    assertThrows(
      () => parseStatus(status),
      CheckTextError,
      `the status is "${status}"; expected one such as 200, 2xx`,
    );
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

Deno.test("HttpAnswer: the expected status matches, another does not, however the answer is split", () => {
  const answer = "HTTP/1.1 204 No Content\r\n\r\n";
  for (let size = 1; size <= answer.length; size++) {
    assertEquals(verdict(204, answer, size), "match");
    assertEquals(verdict("2xx", answer, size), "match");
    assertEquals(verdict(200, answer, size), "no_match");
  }
});

Deno.test("HttpAnswer: reads a status line as leniently as HTTP clients do", () => {
  const good = [
    "HTTP/1.0 200 OK\r\n",
    "HTTP/1.1 200 \r\n",
    "HTTP/1.1 200\r\n",
    "HTTP/1.1 200 tr\xe8s\tbien\r\n",
    "HTTP/1.1 200 OK\n",
    "HTTP/1.1 200 \n",
    "HTTP/1.1 200\n",
    "HTTP/1.1  200   OK\r\n",
    "HTTP/1.1\t200\tOK\r\n",
    "HTTP/1.2 200 OK\r\n",
    "http/1.1 200 ok\r\n",
    "\r\nHTTP/1.1 200 OK\r\n",
    "\n\r\n\nHTTP/1.1 200 OK\n",
    "HTTP/1.1 200 O\rK\r\r\n",
  ];
  for (const line of good) {
    for (const size of [1, line.length]) {
      assertEquals(verdict(200, line, size), "match", JSON.stringify(line));
    }
    assertEquals(verdict(204, line), "no_match", JSON.stringify(line));
  }
});

Deno.test("HttpAnswer: a malformed status line is not an answer", () => {
  const wrong = [
    "HTTP/1.1 2000 OK\r\n",
    "HTTP/1.1 200OK\r\n",
    "HTTP/1.1 20 OK\r\n",
    "HTTP/1.1200 OK\r\n",
    "HTTP/1.10 200 OK\r\n",
    "HTTP/1 200 OK\r\n",
    "HTTP/2 200\r\n",
    "HTTP/2.0 200 OK\r\n",
    "HTTP/0.9 200 OK\r\n",
    "ICY 200 OK\r\n",
    " HTTP/1.1 200 OK\r\n",
    "\rHTTP/1.1 200 OK\r\n",
    "HTTP/1.1 200 O\0K\r\n",
    "HTTP/1.1 700 OK\r\n",
  ];
  for (const line of wrong) {
    for (const size of [1, line.length]) {
      assertEquals(verdict(200, line, size), "no_match", JSON.stringify(line));
    }
  }
});

Deno.test("HttpAnswer: another protocol is known by its first bytes", () => {
  assertEquals(verdict(200, "S"), "no_match");
  assertEquals(verdict(200, "HTTPS"), "no_match");
  assertEquals(verdict(200, "HTTP/1.1 2"), "need_more");
});

Deno.test("HttpAnswer: skips interim answers with their fields, unless they are expected", () => {
  for (const end of ["\r\n", "\n"]) {
    const interim =
      `HTTP/1.1 103 Early Hints${end}Link: </a>${end} folded${end}${end}HTTP/1.1 100${end}${end}`;
    for (const size of [1, 7, 200]) {
      assertEquals(verdict(200, `${interim}HTTP/1.1 200 OK${end}`, size), "match");
      assertEquals(verdict(200, `${interim}${end}HTTP/1.1 200 OK${end}`, size), "match");
      assertEquals(verdict(200, `${interim}HTTP/1.1 503 No${end}`, size), "no_match");
      assertEquals(verdict(200, `${interim}garbage${end}`, size), "no_match");
    }
    assertEquals(verdict(103, interim), "match");
    assertEquals(verdict(200, `HTTP/1.1 101 Switching Protocols${end}`), "no_match");
  }
});

Deno.test("HttpAnswer: endless lines and fields are not an answer", () => {
  const filler = "x".repeat(MAX_ANSWER_BYTES);
  assertEquals(verdict(200, `HTTP/1.1 200 ${filler}`, 1000), "no_match");
  assertEquals(
    verdict(200, `HTTP/1.1 100 Continue\r\n${filler}\r\n\r\nHTTP/1.1 200 OK\r\n`, 1000),
    "no_match",
  );
});

Deno.test("HttpAnswer: an unfinished status line is not an answer", () => {
  assertEquals(new HttpAnswer(parseStatus(200)).end(), "no_match");
});

Deno.test("HttpAnswer: no bytes make it throw, and the split changes nothing", () => {
  const pieces = fc.constantFrom("HTTP/1.1 ", "200", "100", " OK", "\r\n", "\n", "a: b", "\0", "é");
  const answers = fc.array(pieces, { maxLength: 10 }).map((pieces) => pieces.join(""));
  fc.assert(fc.property(answers, fc.integer({ min: 1, max: 20 }), (answer, size) => {
    assertEquals(verdict(200, answer, size), verdict(200, answer, Math.max(1, answer.length)));
  }));
});

Deno.test("HttpAnswer: any lenient spelling of an answer has the verdict of its final status", () => {
  const end = fc.constantFrom("\r\n", "\n");
  const line = (status: fc.Arbitrary<number>): fc.Arbitrary<string> =>
    fc.tuple(
      fc.constantFrom("HTTP/1.", "http/1.", "Http/1."),
      fc.integer({ min: 0, max: 9 }),
      fc.constantFrom(" ", "  ", "\t"),
      status,
      fc.constantFrom("", " ", " OK", "\tSome Reason", " 404 HTTP/1.1 500"),
      end,
    ).map((parts) => parts.join(""));
  const empty = fc.array(end, { maxLength: 2 }).map((lines) => lines.join(""));
  const fields = fc.array(
    fc.tuple(fc.constantFrom("Link: </a>", " folded", "x", "HTTP/1.1 500 No"), end).map((parts) =>
      parts.join("")
    ),
    { maxLength: 3 },
  ).map((lines) => lines.join(""));
  const interim = fc.tuple(line(fc.constantFrom(100, 102, 103, 199)), fields, end, empty)
    .map((parts) => parts.join(""));
  const interims = fc.array(interim, { maxLength: 3 }).map((answers) => answers.join(""));
  fc.assert(fc.property(
    fc.tuple(empty, interims, fc.constantFrom(200, 204, 301, 404, 503), fc.integer({ min: 1, max: 40 }))
      .chain(
        ([before, interims, status, size]) =>
          line(fc.constant(status)).map((last) => ({ answer: before + interims + last, status, size })),
      ),
    ({ answer, status, size }) => {
      assertEquals(verdict("2xx", answer, size), status < 300 ? "match" : "no_match");
    },
  ));
});
