/** What one client or one app may take. */
export { AccessList, type AccessRules, type AccessVerdict } from "./access_list.ts";
export { ByteBucket } from "./byte_bucket.ts";
export { CidrSet } from "./cidr_set.ts";
export { type ClientAdmission, type ClientLimits, ClientTable } from "./client_table.ts";
export { Slots, type SlotsOptions } from "./slots.ts";
export { TokenBucket, type TokenBucketOptions } from "./token_bucket.ts";
export { type WaitOptions, type WaitOutcome, WaitQueue } from "./wait_queue.ts";
