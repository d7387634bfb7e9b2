import { assertEquals } from "@std/assert";
import { WorkerProxy } from "../../../lib/workers/mod.ts";
import { SpareThread } from "../../../lib/workers/spare_thread.ts";
import { utf8 } from "../../helpers/bytes.ts";
import { exchange } from "../../helpers/clients.ts";
import { hasLinuxSockets } from "../../helpers/connections/linux_transport.ts";
import { withPlane } from "../../helpers/proxy/plane.ts";
import { echo, TestTarget } from "../../helpers/targets.ts";
import { until } from "../../helpers/until.ts";

/** A module of this text. */
function moduleOf(text: string): URL {
  return new URL(`data:text/javascript,${encodeURIComponent(text)}`);
}

/** Makes a spare thread, and gives its worker too. */
function withItsWorker(make: () => SpareThread): { readonly spare: SpareThread; readonly worker: Worker } {
  const original = globalThis.Worker;
  let made: Worker | undefined;
  globalThis.Worker = class extends original {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args);
      made = this;
    }
  };
  try {
    const spare = make();
    if (made === undefined) throw new Error("no worker was started");
    return { spare, worker: made };
  } finally {
    globalThis.Worker = original;
  }
}

Deno.test({
  name: "SpareThread: is given away once, with what it has sent",
  ignore: !hasLinuxSockets,
  fn: async () => {
    using spare = new SpareThread(moduleOf(`postMessage({ kind: "loaded" })`));
    const taken = spare.take();
    await until(() => (taken?.messages.length ?? 0) > 0);
    assertEquals(taken?.messages, [{ kind: "loaded" }]);
    assertEquals(spare.take(), undefined);
    taken?.worker.terminate();
  },
});

Deno.test({
  name: "SpareThread: is gone when its module fails",
  ignore: !hasLinuxSockets,
  fn: () => {
    const { spare, worker } = withItsWorker(() => new SpareThread(moduleOf("")));
    // What the runtime dispatches for an uncaught error, of which it also prints the stack.
    worker.dispatchEvent(new ErrorEvent("error", { message: "Uncaught Error", cancelable: true }));
    assertEquals(spare.take(), undefined);
  },
});

Deno.test({
  name: "SpareThread: becomes the first worker of the native engine, whether it has loaded or not",
  ignore: !hasLinuxSockets,
  fn: async () => {
    await using target = new TestTarget(echo);
    const app = { targets: [target.address] };
    for (const headStartMs of [0, 1000]) {
      using spare = new SpareThread();
      await new Promise((resolve) => setTimeout(resolve, headStartMs));
      await withPlane(
        (config, observer) => WorkerProxy.start(config, { workers: 2, observer, native: true, spare }),
        { apps: [app] },
        async (proxy) => {
          assertEquals(spare.take(), undefined);
          using client = await proxy.connect();
          assertEquals(await exchange(client, utf8("x")), utf8("x"));
        },
      );
    }
  },
});
