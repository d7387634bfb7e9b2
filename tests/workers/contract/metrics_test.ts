import { testMetricsContract } from "../../contract/metrics.ts";
import { testWorkerPlanes } from "../../helpers/proxy/worker_planes.ts";

testWorkerPlanes(testMetricsContract);
