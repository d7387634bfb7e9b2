import { Proxy } from "../../../lib/proxy/mod.ts";
import { testActiveSessionsContract } from "../../contract/active_sessions.ts";

testActiveSessionsContract("Proxy", (config, observer) => Proxy.start(config, { observer }));
