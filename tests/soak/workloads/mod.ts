/**
 * What clients do, each with every byte that comes back compared.
 *
 * @module
 */
import { flaky, resets } from "./disturbed.ts";
import { http } from "./http.ts";
import { postgres } from "./postgres.ts";
import { redis } from "./redis.ts";
import { bulk, direct, halfCloseByClient, halfCloseByTarget, held, short, slowReader } from "./streams.ts";
import { proxyHeader, tls } from "./wrapped.ts";
import type { Workload } from "./workload.ts";

export type { Workload } from "./workload.ts";

/** Every kind of client. */
export const WORKLOADS: readonly Workload[] = [
  short,
  direct,
  http,
  redis,
  postgres,
  tls,
  proxyHeader,
  bulk,
  halfCloseByClient,
  halfCloseByTarget,
  slowReader,
  held,
  resets,
  flaky,
];
