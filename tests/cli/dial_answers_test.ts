import { assertEquals } from "@std/assert";
import { describeAnswers } from "../../lib/cli/dial_answers.ts";

Deno.test("describeAnswers: equal answers stand together, in the order in which they came", () => {
  assertEquals(
    describeAnswers([
      { label: "a:1", code: "ECONNREFUSED", message: "" },
      { label: "b:1", code: "ENOTFOUND", message: "" },
      { label: "c:1", code: "ECONNREFUSED", message: "" },
    ]),
    "a:1, c:1: connection refused (ECONNREFUSED); b:1: the name has no address (ENOTFOUND)",
  );
});

Deno.test("describeAnswers: an answer without words of ours keeps its own", () => {
  assertEquals(
    describeAnswers([
      { label: "a:1", code: "ETIMEDOUT", message: "no answer within 5000 ms" },
      { label: "b:1", code: "UNKNOWN", message: "odd" },
    ]),
    "a:1: no answer within 5000 ms (ETIMEDOUT); b:1: odd",
  );
});

Deno.test("describeAnswers: at most ten of anything, and the rest as a number", () => {
  const refused = Array.from(
    { length: 12 },
    (_, i) => ({ label: `t:${i}`, code: "ECONNREFUSED", message: "" }),
  );
  assertEquals(
    describeAnswers(refused),
    "t:0, t:1, t:2, t:3, t:4, t:5, t:6, t:7, t:8, t:9, 2 others: connection refused (ECONNREFUSED)",
  );
  const odd = Array.from({ length: 13 }, (_, i) => ({ label: "t:1", code: "UNKNOWN", message: `m${i}` }));
  assertEquals(describeAnswers(odd).split("; ").at(-1), "and 3 other answers");
});

Deno.test("describeAnswers: no answers at all", () => {
  assertEquals(describeAnswers([]), "no target was tried");
});
