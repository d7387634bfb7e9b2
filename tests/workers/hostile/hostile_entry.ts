/**
 * A worker of the proxy with hostile code in it, which tries to break out on request; `hostile_test.ts` has the other end.
 *
 * @module
 */
import "../../../lib/workers/worker/entry.ts";
import { type Booty, type Outcomes, runtimeAttacks } from "./runtime_attacks.ts";
import { kernelAttacks } from "./kernel_attacks.ts";

const port = globalThis as unknown as { postMessage(message: unknown): void };

const MEANS = { runtime: runtimeAttacks, kernel: kernelAttacks } as const;

/** What the test asks for. */
export interface Order {
  readonly kind: "attack";
  readonly means: keyof typeof MEANS;
  readonly booty: Booty;
}

// The worker's own handler knows no such message and ignores it.
globalThis.addEventListener("message", (event) => {
  const order: Order | undefined = event instanceof MessageEvent ? event.data : undefined;
  if (order?.kind !== "attack") return;
  event.stopImmediatePropagation();
  const attacks: Promise<Outcomes> = MEANS[order.means](order.booty);
  attacks.then((outcomes) => port.postMessage({ kind: "outcomes", outcomes }))
    .catch((error) =>
      port.postMessage({ kind: "outcomes", outcomes: { "the attack itself": String(error) } })
    );
});
