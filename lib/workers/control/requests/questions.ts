import type { AnswerValue, FromWorker, Question, QuestionKind, ToWorker } from "../../channel/messages.ts";
import { type Answers, Replies } from "./replies.ts";

/** A worker that can be asked. */
export interface Asked {
  readonly number: number;
  readonly thread: { post(message: ToWorker): void } | undefined;
}

/** The questions to workers that are waiting for answers. */
export class Questions {
  readonly #open = new Map<number, Replies<AnswerValue>>();
  #lastId = 0;

  /** Asks these workers and waits for their answers, by default for up to 10 s. Never rejects. */
  async ask<Kind extends QuestionKind>(
    question: Question & { readonly kind: Kind },
    workers: readonly Asked[],
    limitMs?: number,
  ): Promise<Answers<AnswerValue<Kind>>> {
    const asked = workers.filter(({ thread }) => thread !== undefined);
    const replies = new Replies<AnswerValue<Kind>>(asked.map(({ number }) => number), limitMs);
    const id = ++this.#lastId;
    // A worker answers with the value of the question's kind.
    this.#open.set(id, replies as Replies<AnswerValue>);
    for (const { thread } of asked) thread?.post({ kind: "ask", id, question });
    const answers = await replies.answers;
    this.#open.delete(id);
    return answers;
  }

  receive(worker: number, answer: Extract<FromWorker, { kind: "answer" }>): void {
    this.#open.get(answer.id)?.receive(worker, answer);
  }

  /** Expects no more answers of a worker that has died or ended. */
  lost(worker: number): void {
    for (const replies of this.#open.values()) replies.lost(worker);
  }
}
