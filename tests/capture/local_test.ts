import { Proxy } from "../../lib/proxy/mod.ts";
import { testCaptureContract } from "../contract/captures.ts";

testCaptureContract("Proxy", (config, observer) => Proxy.start(config, { observer }));
