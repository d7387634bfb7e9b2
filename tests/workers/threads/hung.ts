// Comes first, so that the worker's own handler does not hear of the question.
globalThis.addEventListener("message", (event) => {
  if (!(event instanceof MessageEvent) || event.data.question?.kind !== "alive") return;
  if (globalThis.name === "worker 2") event.stopImmediatePropagation();
});
