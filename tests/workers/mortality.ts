// Comes first, so that the worker's own handler, which keeps errors from ending it, does not hear of this one.
globalThis.addEventListener("error", (event) => {
  if (event.message.includes(DEATH)) event.stopImmediatePropagation();
});

globalThis.addEventListener("message", (event) => {
  if (event instanceof MessageEvent && event.data === DEATH) {
    queueMicrotask(() => {
      throw new Error(DEATH);
    });
  }
});

const DEATH = "die";
