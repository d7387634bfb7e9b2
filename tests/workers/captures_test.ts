import { WorkerProxy } from "../../lib/workers/mod.ts";
import { testCaptureContract } from "../contract/captures.ts";

testCaptureContract(
  "WorkerProxy",
  (config, observer) => WorkerProxy.start(config, { workers: 2, observer }),
);
