import { assertEquals } from "@std/assert";
import { Replies } from "../../lib/workers/control/replies.ts";
import type { Answer } from "../../lib/workers/channel/messages.ts";

const QUESTION = { kind: "use", reload: 7 } as const;
const LIMIT_MS = 60_000;

function answer(more: Partial<Answer> = {}): Answer {
  return { kind: "answer", to: "use", reload: 7, problem: undefined, ...more };
}

Deno.test("Replies: all have been heard when each has answered or died, and who refused is said", async () => {
  const replies = new Replies(QUESTION, [0, 1, 2, 3], LIMIT_MS);
  replies.receive(0, answer());
  replies.receive(1, answer({ problem: "it will not" }));
  replies.receive(1, answer());
  replies.lost(2);
  replies.receive(3, answer());
  assertEquals(await replies.refusals, [{ worker: 2, why: "it will not" }]);
});

Deno.test("Replies: where nobody is asked, nobody is waited for", async () => {
  assertEquals(await new Replies(QUESTION, [], LIMIT_MS).refusals, []);
});

Deno.test("Replies: what answers another question is no answer, and who gives none in time has refused", async () => {
  const replies = new Replies(QUESTION, [0, 1], 20);
  replies.receive(0, answer({ to: "prepare" }));
  replies.receive(0, answer({ reload: 6 }));
  replies.receive(1, answer());
  assertEquals(await replies.refusals, [{ worker: 1, why: "it did not answer within 0.02 s" }]);
});
