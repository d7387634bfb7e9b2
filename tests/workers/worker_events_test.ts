import { assertEquals } from "@std/assert";
import { WorkerEvents } from "../../lib/workers/control/threads/worker_events.ts";
import type { WorkersObserver } from "../../lib/workers/mod.ts";
import { ProxyLog } from "../helpers/proxy/proxy.ts";

class WorkersLog extends ProxyLog implements WorkersObserver {
  workerDied(): void {}
  workersConfined(): void {}
  workerRestarted(): void {}
  multipathMissing(): void {}
}

Deno.test("WorkerEvents: what becomes of a worker's socket file reaches the observer", () => {
  const log = new WorkersLog();
  const events = new WorkerEvents(log);
  for (const state of ["gone", "there"] as const) {
    events.relay({
      kind: "socket_file",
      app: "web",
      path: "/x.sock",
      change: { state, isReloadable: false },
    });
  }
  assertEquals(log.socketFiles, ["web /x.sock gone", "web /x.sock there"]);
});
