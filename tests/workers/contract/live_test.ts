import { testLiveContract } from "../../contract/proxy_control_live.ts";
import { testWorkerPlanes } from "../../helpers/proxy/worker_planes.ts";

testWorkerPlanes(testLiveContract);
