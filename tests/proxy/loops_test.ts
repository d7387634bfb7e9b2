import { Proxy } from "../../lib/proxy/mod.ts";
import { testLoopsContract } from "../contract/loops.ts";

testLoopsContract("Proxy", (config, observer) => Proxy.start(config, { observer }));
