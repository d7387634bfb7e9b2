/** Load balancing: one small, pure chooser per strategy, behind one interface. */
export type { CandidateIdentity, CandidateView, Chooser, PickContext, Ranking, Tried } from "./chooser.ts";
export { clientHash } from "./client_hash.ts";
export { type HashFacts, hashKeyOf } from "./hash_key.ts";
export { type ChooserOptions, createChooser, STRATEGY_NAMES, type StrategyName } from "./registry.ts";
