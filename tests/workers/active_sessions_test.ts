import { WorkerProxy } from "../../lib/workers/mod.ts";
import { testActiveSessionsContract } from "../contract/active_sessions.ts";

testActiveSessionsContract(
  "WorkerProxy",
  (config, observer) => WorkerProxy.start(config, { workers: 2, observer }),
);
