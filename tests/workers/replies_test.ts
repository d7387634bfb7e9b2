import { assertEquals } from "@std/assert";
import { Replies } from "../../lib/workers/control/requests/replies.ts";

const LIMIT_MS = 60_000;

function value(value: string): { value: string; problem: undefined } {
  return { value, problem: undefined };
}

Deno.test("Replies: resolve once each worker has answered or died, with values and refusals apart", async () => {
  const replies = new Replies<string>([0, 1, 2, 3], LIMIT_MS);
  replies.receive(0, value("a"));
  replies.receive(1, { value: "", problem: "it will not" });
  replies.receive(1, value("late change of mind"));
  replies.lost(2);
  replies.receive(3, value("d"));
  assertEquals(await replies.answers, {
    values: [{ worker: 1, value: "a" }, { worker: 4, value: "d" }],
    refusals: [{ worker: 2, why: "it will not" }],
  });
});

Deno.test("Replies: with nobody asked, resolve at once", async () => {
  assertEquals(await new Replies([], LIMIT_MS).answers, { values: [], refusals: [] });
});

Deno.test("Replies: a worker that was not asked is ignored, a late one counts as refusing", async () => {
  const replies = new Replies<string>([0, 1], 20);
  replies.receive(2, value("c"));
  replies.receive(1, value("b"));
  assertEquals(await replies.answers, {
    values: [{ worker: 2, value: "b" }],
    refusals: [{ worker: 1, why: "no answer within 0.02 s" }],
  });
});
