import { WorkerProxy } from "../../lib/workers/mod.ts";
import { testProxyControlContract } from "../contract/proxy_control.ts";

testProxyControlContract(
  "WorkerProxy",
  (config, observer) => WorkerProxy.start(config, { workers: 2, observer }),
);
