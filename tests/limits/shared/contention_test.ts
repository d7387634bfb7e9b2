import { assert, assertEquals } from "@std/assert";
import { SharedClientTable, SharedCount, SharedRate } from "../../../lib/limits/mod.ts";
import type { Contended, Contention } from "./contending_worker.ts";

Deno.test("shared limits: are exact when threads contend, and end at zero", async () => {
  const workers = 3;
  const max = 2;
  const common: Omit<Contention, "worker"> = {
    max,
    rounds: 20_000,
    count: SharedCount.allocate(workers),
    rate: SharedRate.allocate(),
    clients: SharedClientTable.allocate({ workers, capacity: 64 }),
    holders: new SharedArrayBuffer(8),
  };
  const results = await Promise.all(
    Array.from({ length: workers }, (_, worker) => run({ ...common, worker })),
  );
  for (const { most } of results) assert(most.every((holders) => holders <= max), `${most}`);
  assertEquals(results.reduce((sum, { passed }) => sum + passed, 0), 100);
  assertEquals(new SharedCount(common.count, { worker: 0, max }).taken, 0);
  assertEquals(new SharedClientTable(common.clients, { worker: 0 }).active("192.0.2.1"), 0);
});

function run(contention: Contention): Promise<Contended> {
  const worker = new Worker(new URL("./contending_worker.ts", import.meta.url), { type: "module" });
  return new Promise<Contended>((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<Contended>): void => resolve(data);
    worker.postMessage(contention);
  }).finally(() => worker.terminate());
}
