import { WorkerProxy } from "../../../lib/workers/mod.ts";
import { hasLinuxSockets } from "../connections/linux_transport.ts";
import type { StartPlane } from "./plane.ts";

/**
 * Adds the tests of a contract for two workers, with the runtime's sockets and with the kernel's. Each contract has a file of
 * its own: files run side by side, and to start workers takes long.
 */
export function testWorkerPlanes(contract: (name: string, start: StartPlane) => void): void {
  contract("WorkerProxy", (config, observer) => WorkerProxy.start(config, { workers: 2, observer }));
  if (hasLinuxSockets) {
    contract(
      "WorkerProxy, native",
      (config, observer) => WorkerProxy.start(config, { workers: 2, observer, native: true }),
    );
  } else {
    Deno.test({ name: "WorkerProxy, native: needs Linux and --allow-ffi", ignore: true, fn: () => {} });
  }
}
