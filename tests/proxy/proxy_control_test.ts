import { Proxy } from "../../lib/proxy/mod.ts";
import { testDiscoveredListsContract } from "../contract/discovered_lists.ts";
import { testDiscoveredNamesContract } from "../contract/discovered_names.ts";
import { testMetricsContract } from "../contract/metrics.ts";
import { testOperationsContract } from "../contract/operations.ts";
import { testOperationsReloadContract } from "../contract/operations_reload.ts";
import { testProxyControlContract } from "../contract/proxy_control.ts";
import { testLiveContract } from "../contract/proxy_control_live.ts";
import { testReloadContract } from "../contract/reload.ts";
import { testConfigReloadContract } from "../contract/reload_config.ts";
import type { StartPlane } from "../helpers/proxy/plane.ts";

const start: StartPlane = (config, observer) => Proxy.start(config, { observer });

testProxyControlContract("Proxy", start);
testLiveContract("Proxy", start);
testOperationsContract("Proxy", start);
testOperationsReloadContract("Proxy", start);
testReloadContract("Proxy", start);
testConfigReloadContract("Proxy", start);
testDiscoveredNamesContract("Proxy", start);
testDiscoveredListsContract("Proxy", start);
testMetricsContract("Proxy", start);
