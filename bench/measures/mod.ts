import type { Measure } from "../measure.ts";
import { bulkEight, bulkOne } from "./bulk.ts";
import { firstRequest } from "./first_request.ts";
import { connections, connectionsOne, requests, requestsOne } from "./http.ts";
import { latency } from "./latency.ts";
import { memory } from "./memory.ts";
import { start } from "./start.ts";

export { settledMemory, warmUpIdle } from "./memory.ts";
export { startTimed } from "./start.ts";

/** Every measure, in the order of the tables. */
export const MEASURES: readonly Measure[] = [
  bulkOne,
  bulkEight,
  requests,
  connections,
  requestsOne,
  connectionsOne,
  firstRequest,
  latency,
  memory,
  start,
];
