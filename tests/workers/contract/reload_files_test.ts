import { testReloadContract } from "../../contract/reload.ts";
import { testWorkerPlanes } from "../../helpers/proxy/worker_planes.ts";

testWorkerPlanes(testReloadContract);
