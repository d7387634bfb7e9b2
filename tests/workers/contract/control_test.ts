import { testProxyControlContract } from "../../contract/proxy_control.ts";
import { testWorkerPlanes } from "../../helpers/proxy/worker_planes.ts";

testWorkerPlanes(testProxyControlContract);
