import { Proxy } from "../../lib/proxy/mod.ts";
import { testProxyControlContract } from "../contract/proxy_control.ts";

testProxyControlContract("Proxy", (config, observer) => Proxy.start(config, { observer }));
