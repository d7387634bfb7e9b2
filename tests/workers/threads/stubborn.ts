// Comes first, so that the worker's own handler does not hear of the question.
globalThis.addEventListener("message", (event) => {
  if (!(event instanceof MessageEvent) || event.data.question?.kind !== "prepare") return;
  if (globalThis.name !== "worker 2") return;
  event.stopImmediatePropagation();
  const answer = { kind: "answer", id: event.data.id, value: undefined, problem: "it will not" };
  (globalThis as unknown as { postMessage(message: unknown): void }).postMessage(answer);
});
