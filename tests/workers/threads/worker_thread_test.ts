import { assertEquals, assertMatch } from "@std/assert";
import { WorkerThread } from "../../../lib/workers/control/threads/worker_thread.ts";
import type { FromWorker } from "../../../lib/workers/channel/messages.ts";

/** A worker whose program is this text. */
function moduleOf(text: string): URL {
  return new URL(`data:text/javascript,${encodeURIComponent(text)}`);
}

Deno.test("WorkerThread: a message that cannot be read ends the worker, and not the process", async () => {
  const died = Promise.withResolvers<Error>();
  const kinds: unknown[] = [];
  new WorkerThread({
    name: "hostile",
    module: moduleOf(
      `for (const message of [{ kind: "loaded" }, null, { kind: "ended" }]) postMessage(message)`,
    ),
    permissions: {
      net: [],
      read: false,
      write: false,
      env: false,
      ffi: false,
      import: false,
      run: false,
      sys: false,
    },
    observer: {
      message: (message: FromWorker) => void kinds.push(message.kind),
      died: (error) => died.resolve(error),
    },
  });
  assertMatch((await died.promise).message, /^it sent a message that cannot be read: /);
  assertEquals(kinds, ["loaded"]);
});
