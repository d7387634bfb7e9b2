import { WorkerProxy } from "../../lib/workers/mod.ts";
import { testProxyControlContract } from "../contract/proxy_control.ts";
import { hasLinuxSockets } from "../helpers/connections/linux_transport.ts";

if (hasLinuxSockets) {
  testProxyControlContract(
    "WorkerProxy, native",
    (config, observer) => WorkerProxy.start(config, { workers: 2, observer, native: true }),
  );
} else {
  Deno.test({ name: "WorkerProxy, native: needs Linux and --allow-ffi", ignore: true, fn: () => {} });
}
