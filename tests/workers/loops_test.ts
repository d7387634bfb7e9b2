import { WorkerProxy } from "../../lib/workers/mod.ts";
import { testLoopsContract } from "../contract/loops.ts";

testLoopsContract("WorkerProxy", (config, observer) => WorkerProxy.start(config, { workers: 2, observer }));
