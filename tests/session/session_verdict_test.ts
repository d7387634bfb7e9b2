import { assertEquals } from "@std/assert";
import { utf8 } from "../helpers/bytes.ts";
import { nextTask } from "../helpers/connections/session_bench.ts";
import { testSession } from "../helpers/connections/session_sockets.ts";
import { echo, neverAnswering, refusingAddress, resettingTarget, TestTarget } from "../helpers/targets.ts";

const IDLE_TIMEOUT_MS = 1000;

testSession(
  "Session: a target has proved itself when the sweep finds its first byte, and is not reported again",
  async (sockets) => {
    await using target = new TestTarget(echo);
    await using bench = await sockets.open(target.address);
    const running = bench.session.run();
    await target.connections(1);
    bench.session.sweep(0, 0);
    assertEquals(bench.reports, []);
    await bench.client.write(utf8("hello"));
    await bench.hears(5);
    assertEquals(bench.reports, []);
    for (let count = 0; count < 2; count++) bench.session.sweep(0, 0);
    assertEquals(bench.reports, ["succeeded"]);
    await bench.client.reset();
    await running;
    assertEquals(bench.reports, ["succeeded"]);
  },
);

testSession("Session: a target that resets after a byte of its own has not failed", async (sockets) => {
  await using target = await resettingTarget((socket, reset) => {
    socket.once("data", () => socket.write("x", () => socket.once("data", reset)));
  });
  await using bench = await sockets.open(target.address);
  const running = bench.session.run();
  await bench.client.write(utf8("x"));
  await bench.hears(1);
  await bench.client.write(utf8("x"));
  // The client is listened to until it has finished, so that it gets all that the target said.
  await bench.client.finish();
  await running;
  assertEquals([bench.session.reason, bench.reports], ["target_reset", ["succeeded"]]);
});

testSession(
  "Session: a target that resets before its first byte has failed, and so has one that refuses",
  async (sockets) => {
    await using target = await resettingTarget((socket, reset) => void socket.once("data", reset));
    await using bench = await sockets.open(target.address);
    const running = bench.session.run();
    await bench.client.write(utf8("x"));
    await running;
    assertEquals([bench.session.reason, bench.reports], ["target_reset", ["failed"]]);
    await using refused = await sockets.open(refusingAddress());
    await refused.session.run();
    assertEquals([refused.session.reason, refused.reports], ["no_target", ["failed"]]);
  },
);

testSession("Session: a target that says nothing has proved itself by a clean end alone", async (sockets) => {
  await using target = new TestTarget(neverAnswering);
  for (const end of ["finished", "reset", "idle"] as const) {
    await using bench = await sockets.open(target.address, { app: { idleTimeoutMs: IDLE_TIMEOUT_MS } });
    const running = bench.session.run();
    await bench.client.write(utf8("x"));
    while (bench.session.up.bytes === 0) await nextTask();
    if (end === "finished") await bench.client.finish();
    else if (end === "reset") await bench.client.reset();
    else bench.session.sweep(IDLE_TIMEOUT_MS, 0);
    await running;
    assertEquals([end, bench.reports], [end, end === "finished" ? ["succeeded"] : []]);
  }
});
