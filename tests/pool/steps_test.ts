import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Exchange } from "../../lib/pool/checks/exchange.ts";
import { parseExpect } from "../../lib/pool/checks/expectation.ts";
import { type Step, Steps } from "../../lib/pool/checks/steps.ts";
import { latin1, play, regardlessOfCuts } from "../helpers/fakes/exchange.ts";

function step({ send, expect, expectNot }: { send?: string; expect?: string; expectNot?: string }): Step {
  return {
    send: send === undefined ? undefined : latin1(send),
    expect: expect === undefined ? undefined : parseExpect(expect),
    expectNot: expectNot === undefined ? undefined : parseExpect(expectNot),
  };
}

function steps(...given: Parameters<typeof step>[0][]): Exchange {
  return new Steps(given.map(step));
}

Deno.test("Steps: sends each step after the previous one is answered", () => {
  const login = (): Exchange =>
    steps({ send: "AUTH x\r\n" }, { expect: "+OK\\r\\n" }, { send: "PING\r\n", expect: "+PONG" }, {
      send: "QUIT\r\n",
    });
  assertEquals(play(login(), ["+OK\r\n", "+PONG"]), "AUTH x\r\n|PING\r\n|QUIT\r\n|match");
  assertEquals(play(login(), ["+OK\r\n+PONG"]), "AUTH x\r\n|PING\r\nQUIT\r\n|match");
  assertEquals(play(login(), ["+OK\r\n"]), "AUTH x\r\n|PING\r\n|need_more");
  assertEquals(play(login(), ["+OK\r\n"], { fin: true }), "AUTH x\r\n|PING\r\n|no_match");
});

Deno.test("Steps: with nothing to expect, sends everything and succeeds", () => {
  assertEquals(play(steps({ send: "a" }, { send: "b" }), []), "ab|match");
});

Deno.test("Steps: a step continues right behind the previous match", () => {
  assertEquals(play(steps({ expect: "ab" }, { expect: "/^c/" }), ["xabc"]), "match");
  assertEquals(play(steps({ expect: "ab" }, { expect: "/^c/" }), ["xab", "dc"]), "need_more");
});

Deno.test("Steps: expect_not fails at once, unless expect matched before it", () => {
  const check = (): Exchange => steps({ expect: "+PONG", expectNot: "-LOADING" });
  assertEquals(play(check(), ["-LOAD", "ING"]), "no_match");
  assertEquals(play(check(), ["+PONG-LOADING"]), "match");
  assertEquals(play(check(), ["-ERR"]), "need_more");
});

Deno.test("Steps: with expect_not alone, the answer is one line, or what came before FIN", () => {
  const check = (): Exchange => steps({ expectNot: "/^-/" });
  assertEquals(play(check(), ["+anything"]), "need_more");
  assertEquals(play(check(), ["+anything\n"]), "match");
  assertEquals(play(check(), ["+anything"], { fin: true }), "match");
  assertEquals(play(check(), [], { fin: true }), "no_match");
  assertEquals(play(check(), ["-ERR\n"]), "no_match");
});

Deno.test("Steps: names the current step of several, and what it received", () => {
  const check = steps({ expect: "a" }, { expect: "b" });
  check.begin();
  assertEquals([check.part, check.heard()], ["step 1: ", undefined]);
  check.feed(latin1("a"));
  assertEquals([check.part, check.heard()], ["step 2: ", undefined]);
  check.feed(latin1("x"));
  assertEquals([check.part, check.heard()], ["step 2: ", '"x"']);
  assertEquals(steps({ expect: "a" }).part, "");
});

Deno.test("Steps: a step examines 16 KiB, whatever came in earlier ones", () => {
  const filler = "x".repeat(16 * 1024 - 1);
  assertEquals(play(steps({ expect: "a" }, { expect: "b" }), [`${filler}a`, `${filler}b`]), "match");
  assertEquals(play(steps({ expect: "a" }, { expect: "b" }), ["a", `${filler}xb`]), "no_match");
});

Deno.test("Steps: how reads split the data changes neither output nor verdict", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "\n"), minLength: 1, maxLength: 3 });
  const pattern = fc.oneof(text, fc.constantFrom("/^a/", "/b$/m", "/a|b\\n/", "/ab?/"));
  const anyStep = fc.record({ send: text, expect: pattern, expectNot: pattern }, { requiredKeys: [] });
  const came = fc.string({ unit: fc.constantFrom("a", "b", "\n"), maxLength: 20 });
  fc.assert(fc.property(
    fc.array(anyStep, { minLength: 1, maxLength: 4 }),
    came,
    fc.integer({ min: 1, max: 5 }),
    fc.boolean(),
    (given, came, size, fin) => {
      const pieces = came.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
      const whole = play(steps(...given), came === "" ? [] : [came], { fin });
      const cut = play(steps(...given), pieces, { fin });
      assertEquals(regardlessOfCuts(cut), regardlessOfCuts(whole));
    },
  ));
});
