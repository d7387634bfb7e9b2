import { testDiscoveredNamesContract } from "../../contract/discovered_names.ts";
import { testDiscoveredListsContract } from "../../contract/discovered_lists.ts";
import { testWorkerPlanes } from "../../helpers/proxy/worker_planes.ts";

testWorkerPlanes(testDiscoveredNamesContract);
testWorkerPlanes(testDiscoveredListsContract);
