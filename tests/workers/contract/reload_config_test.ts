import { testConfigReloadContract } from "../../contract/reload_config.ts";
import { testWorkerPlanes } from "../../helpers/proxy/worker_planes.ts";

testWorkerPlanes(testConfigReloadContract);
