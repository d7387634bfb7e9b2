import { assertEquals } from "@std/assert";
import { Replies } from "../../lib/workers/control/replies.ts";
import type { Answer } from "../../lib/workers/channel/messages.ts";

const QUESTION = { kind: "use", reload: 7 } as const;
const LIMIT_MS = 60_000;

function answer(more: Partial<Answer> = {}): Answer {
  return { kind: "answer", to: "use", reload: 7, problem: undefined, ...more };
}

Deno.test("Replies: resolve once each worker has answered or died, with those that refused", async () => {
  const replies = new Replies(QUESTION, [0, 1, 2, 3], LIMIT_MS);
  replies.receive(0, answer());
  replies.receive(1, answer({ problem: "it will not" }));
  replies.receive(1, answer());
  replies.lost(2);
  replies.receive(3, answer());
  assertEquals(await replies.refusals, [{ worker: 2, why: "it will not" }]);
});

Deno.test("Replies: with nobody asked, resolve at once", async () => {
  assertEquals(await new Replies(QUESTION, [], LIMIT_MS).refusals, []);
});

Deno.test("Replies: ignore answers to another question, and count a late worker as refusing", async () => {
  const replies = new Replies(QUESTION, [0, 1], 20);
  replies.receive(0, answer({ to: "prepare" }));
  replies.receive(0, answer({ reload: 6 }));
  replies.receive(1, answer());
  assertEquals(await replies.refusals, [{ worker: 1, why: "no answer within 0.02 s" }]);
});
