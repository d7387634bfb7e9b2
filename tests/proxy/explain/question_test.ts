import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parseAddress } from "../../../lib/base/mod.ts";
import {
  type ConnectionQuestion,
  QuestionError,
  type QuestionTexts,
  questionTexts,
  readQuestion,
} from "../../../lib/proxy/mod.ts";

function read(texts: Partial<QuestionTexts>): ConnectionQuestion {
  const all = { port: undefined, listen: undefined, client: undefined, sni: undefined, alpn: undefined };
  return readQuestion({ ...all, ...texts }, (part, value) => `${part}:=${value}`);
}

Deno.test("readQuestion: reads what questionTexts writes", () => {
  const question = fc.record({
    to: fc.oneof(
      fc.integer({ min: 1, max: 65535 }).map((port) => ({ kind: "port", port } as const)),
      fc.constantFrom("127.0.0.1:1", "[::1]:65535", "unix:/run/a b.sock", "localhost:80").map(parseAddress),
    ),
    client: fc.constantFrom("192.0.2.7", "::1", "2001:db8::7"),
    sni: fc.constantFrom(undefined, "a.example.com", "x"),
    alpn: fc.constantFrom([], ["h2"], ["h2", "http/1.1"]),
  });
  fc.assert(fc.property(question, (question) => assertEquals(read(questionTexts(question)), question)));
});

Deno.test("readQuestion: a unix socket's client has no address", () => {
  assertEquals(read({ listen: "unix:/run/x" }).client, undefined);
});

Deno.test("readQuestion: what is wrong is said in the spelling of whoever asks", () => {
  const mistakes: [Partial<QuestionTexts>, string][] = [
    [{ client: "::1" }, "no port given; add port:=N"],
    [{ port: "1" }, "no client given; add client:=ADDR"],
    [{ listen: "::1", client: "::1" }, 'the address "::1" has no port; add port:=N from 1 to 65535'],
    [
      { port: "2", listen: "[::1]:1", client: "::1" },
      'listen:="[::1]:1" and port 2 contradict each other; give one of them',
    ],
    [{ port: "0", client: "::1" }, 'the port is "0"; expected a number from 1 to 65535'],
    [{ port: "1", client: "host" }, 'the client is "host"; expected an IP address'],
  ];
  for (const [texts, says] of mistakes) assertThrows(() => read(texts), QuestionError, says);
});
