/** An app's targets, what is known of them, and who is next. */
export { Candidates } from "./candidates.ts";
export { type PassivePolicy, Pool, type PoolObserver, type PoolOptions, type TargetChange } from "./pool.ts";
export { type Candidate, Target, type TargetSpec } from "./target.ts";
