import { assertEquals } from "@std/assert";
import { utf8 } from "../helpers/bytes.ts";
import { readSome } from "../helpers/connections/relay_bench.ts";
import { nextTask, SessionBench } from "../helpers/connections/session_bench.ts";
import { echo, neverAnswering, refusingAddress, resettingTarget, TestTarget } from "../helpers/targets.ts";

const IDLE_TIMEOUT_MS = 1000;

Deno.test("Session: a target has proved itself when the sweep finds its first byte, and is not reported again", async () => {
  await using target = new TestTarget(echo);
  const bench = new SessionBench(target.address);
  const running = bench.session.run();
  await target.connections(1);
  bench.session.sweep(0, 0);
  assertEquals(bench.reports, []);
  await bench.client.write(utf8("hello"));
  await readSome(bench.client);
  assertEquals(bench.reports, []);
  for (let count = 0; count < 2; count++) bench.session.sweep(0, 0);
  assertEquals(bench.reports, ["succeeded"]);
  bench.client.reset();
  await running;
  assertEquals(bench.reports, ["succeeded"]);
});

Deno.test("Session: a target that resets after a byte of its own has not failed", async () => {
  await using target = await resettingTarget((socket, reset) => {
    socket.once("data", () => socket.write("x", () => socket.once("data", reset)));
  });
  const bench = new SessionBench(target.address);
  const running = bench.session.run();
  await bench.client.write(utf8("x"));
  await readSome(bench.client);
  await bench.client.write(utf8("x"));
  // The client is listened to until it has finished, so that it gets all that the target said.
  await bench.client.closeWrite();
  await running;
  assertEquals([bench.session.reason, bench.reports], ["target_reset", ["succeeded"]]);
});

Deno.test("Session: a target that resets before its first byte has failed, and so has one that refuses", async () => {
  await using target = await resettingTarget((socket, reset) => void socket.once("data", reset));
  const bench = new SessionBench(target.address);
  const running = bench.session.run();
  await bench.client.write(utf8("x"));
  await running;
  assertEquals([bench.session.reason, bench.reports], ["target_reset", ["failed"]]);
  const refused = new SessionBench(refusingAddress());
  await refused.session.run();
  assertEquals([refused.session.reason, refused.reports], ["no_target", ["failed"]]);
});

Deno.test("Session: a target that says nothing has proved itself by a clean end alone", async () => {
  await using target = new TestTarget(neverAnswering);
  for (const end of ["finished", "reset", "idle"] as const) {
    const bench = new SessionBench(target.address, { app: { idleTimeoutMs: IDLE_TIMEOUT_MS } });
    const running = bench.session.run();
    await bench.client.write(utf8("x"));
    while (bench.session.up.bytes === 0) await nextTask();
    if (end === "finished") await bench.client.closeWrite();
    else if (end === "reset") bench.client.reset();
    else bench.session.sweep(IDLE_TIMEOUT_MS, 0);
    await running;
    assertEquals([end, bench.reports], [end, end === "finished" ? ["succeeded"] : []]);
  }
});
