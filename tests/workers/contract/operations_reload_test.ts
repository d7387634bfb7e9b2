import { testOperationsReloadContract } from "../../contract/operations_reload.ts";
import { testWorkerPlanes } from "../../helpers/proxy/worker_planes.ts";

testWorkerPlanes(testOperationsReloadContract);
