// The runtime prints the stack of every error that ends a worker. So this one stands still instead, for good, and the test
// ends it. Comes first, so that the worker's own handler does not get the message.
globalThis.addEventListener("message", (event) => {
  if (!(event instanceof MessageEvent) || event.data !== "die") return;
  event.stopImmediatePropagation();
  (globalThis as unknown as { postMessage(message: unknown): void }).postMessage("dead");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
