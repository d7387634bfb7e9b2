import { assertEquals } from "@std/assert";
import type { Address } from "../../lib/base/mod.ts";
import { LogObserver } from "../../lib/cli/run/logging/log_observer.ts";
import { AccessLog } from "../../lib/log/mod.ts";
import { endedSession } from "../helpers/fakes/ended_session.ts";
import { memoryDestination } from "../helpers/fakes/log_destination.ts";
import { memoryInUse } from "../helpers/memory.ts";

Deno.test("LogObserver: listeners of workers that are gone leave nothing behind", async () => {
  const access = AccessLog.to(memoryDestination());
  const observer = new LogObserver(access);
  // Each generation of workers has addresses of its own.
  const listeners = Array.from({ length: 100 }, (_, at): WeakRef<Address> => {
    const listener: Address = { kind: "tcp", host: "::", port: at + 1 };
    observer.sessionEnded(endedSession({ listener }));
    return new WeakRef(listener);
  });
  await access.close();
  // A reference that was made in this turn of the event loop counts until its end.
  await new Promise((resolve) => setTimeout(resolve, 0));
  memoryInUse();
  assertEquals(listeners.filter((listener) => listener.deref() !== undefined).length, 0);
  observer.close();
});
