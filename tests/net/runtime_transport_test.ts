import { runtimeTransport } from "../../lib/net/mod.ts";
import { testTransportContract } from "../contract/transport.ts";

testTransportContract({ name: "runtimeTransport", with: (use) => use(runtimeTransport) });
