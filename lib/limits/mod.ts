/** Limits per client and per app. */
export { AccessList, type AccessRules, type AccessVerdict } from "./access_list.ts";
export { ByteBucket } from "./byte_bucket.ts";
export { CidrSet } from "./cidr_set.ts";
export { type ClientAdmission, type ClientLimiter, type ClientLimits, ClientTable } from "./client_table.ts";
export type { Permits, Rate } from "./permits.ts";
export { Poll } from "./shared/poll.ts";
export {
  type SharedClientMemory,
  type SharedClientOptions,
  type SharedClientSize,
  SharedClientTable,
} from "./shared/client_table.ts";
export { SharedCount, type ShareOptions } from "./shared/count.ts";
export { SharedRate, type SharedRateOptions } from "./shared/rate.ts";
export { SharedSlots } from "./shared/slots.ts";
export { Slots, type SlotsOptions } from "./slots.ts";
export { TokenBucket, type TokenBucketOptions } from "./token_bucket.ts";
export { type WaitOptions, type WaitOutcome, WaitQueue } from "./wait_queue.ts";
