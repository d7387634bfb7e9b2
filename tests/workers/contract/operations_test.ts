import { testOperationsContract } from "../../contract/operations.ts";
import { testWorkerPlanes } from "../../helpers/proxy/worker_planes.ts";

testWorkerPlanes(testOperationsContract);
