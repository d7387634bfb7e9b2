import { STRATEGY_NAMES } from "../../lib/balancing/mod.ts";
import { testBalancingContract } from "../contract/balancing.ts";

for (const strategy of STRATEGY_NAMES) testBalancingContract(strategy);
