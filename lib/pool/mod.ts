/** An app's targets, their state, and the order in which connections try them. */
export { Candidates } from "./candidates.ts";
export { CheckTextError, parseCheckBytes, showBytes } from "./checks/check_text.ts";
export {
  Checker,
  type CheckerOptions,
  type CheckObserver,
  type CheckProber,
  type CheckStatus,
  type CheckTarget,
} from "./checks/checker.ts";
export {
  Discovery,
  type DiscoveryObserver,
  type DiscoveryOptions,
  type DiscoveryState,
} from "./discovery/discovery.ts";
export type { DiscoveredTarget } from "./discovery/discovery_change.ts";
export type { Exchange } from "./checks/exchange.ts";
export { parseExpect } from "./checks/expectation.ts";
export { checkRequest, httpExchange, parseStatus } from "./checks/http_check.ts";
export { Pool } from "./pool.ts";
export type { PassivePolicy, PoolObserver, PoolOptions, TargetChange } from "./pool_options.ts";
export { Probe, type Prober, type ProbeResult } from "./checks/probe.ts";
export { protocolCheck } from "./checks/protocol_check.ts";
export { type Cancel, runtimeScheduler, type Scheduler } from "./scheduler.ts";
export { type Step, Steps } from "./checks/steps.ts";
export { statesOf, type TargetState } from "./target_state.ts";
export {
  type Candidate,
  Target,
  type TargetAdmin,
  type TargetHealth,
  type TargetPlaces,
  type TargetSpec,
} from "./target.ts";
export { FileLookup } from "./discovery/file_lookup.ts";
export { HttpLookup, type HttpLookupOptions } from "./discovery/http_lookup.ts";
export type { Lookup, LookupAnswer } from "./discovery/lookup.ts";
export { type DiscoverySource, dnsResolver, type Resolver } from "./discovery/dns_lookup.ts";
