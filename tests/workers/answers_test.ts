import { assertEquals } from "@std/assert";
import { Answers } from "../../lib/workers/answers.ts";
import type { Answer } from "../../lib/workers/messages.ts";

const QUESTION = { kind: "use", reload: 7 } as const;
const LIMIT_MS = 60_000;

function answer(more: Partial<Answer> = {}): Answer {
  return { kind: "answer", to: "use", reload: 7, problem: undefined, ...more };
}

Deno.test("Answers: all have been heard when each has answered or died, and who refused is said", async () => {
  const answers = new Answers(QUESTION, [0, 1, 2, 3], LIMIT_MS);
  answers.hear(0, answer());
  answers.hear(1, answer({ problem: "it will not" }));
  answers.hear(1, answer());
  answers.lost(2);
  answers.hear(3, answer());
  assertEquals(await answers.refusals, [{ worker: 2, why: "it will not" }]);
});

Deno.test("Answers: where nobody is asked, nobody is waited for", async () => {
  assertEquals(await new Answers(QUESTION, [], LIMIT_MS).refusals, []);
});

Deno.test("Answers: what answers another question is no answer, and who gives none in time has refused", async () => {
  const answers = new Answers(QUESTION, [0, 1], 20);
  answers.hear(0, answer({ to: "prepare" }));
  answers.hear(0, answer({ reload: 6 }));
  answers.hear(1, answer());
  assertEquals(await answers.refusals, [{ worker: 1, why: "it did not answer within 0.02 s" }]);
});
