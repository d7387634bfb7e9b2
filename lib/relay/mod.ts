/** Relaying between two connections: two engines under one contract, with filters, buffers and a coarse timer. */
export { bandwidthFilter } from "./bandwidth.ts";
export { pause } from "./pause.ts";
export { BUFFER_LEVELS, BufferPool } from "./buffers.ts";
export type { CutKind, Fault, FaultKind, FaultRule, FaultScope } from "./faults/fault_rule.ts";
export { type DrawCounter, FaultPlan, type FaultPlanOptions, type SessionFaults } from "./faults/faults.ts";
export type { FaultyRelayOptions } from "./faults/fault_relay.ts";
export type { Pause } from "./faults/fault_time.ts";
export {
  Flow,
  type PendingRead,
  type RelayContext,
  type RelayEnd,
  type RelayEnds,
  type RelayEngine,
  type RelayTap,
  type Side,
} from "./flow.ts";
export { type ByteBudget, Pace } from "./pace.ts";
export { canBePolled, polledEngine } from "./polled.ts";
export type { PolledOptions } from "./polled_options.ts";
export { pumpEngine, type PumpOptions } from "./pump.ts";
export { type Filter, streamEngine, type StreamOptions } from "./streams.ts";
export { Sweep, type Sweepable, sweepPeriodMs, type Ticker } from "./sweep.ts";
