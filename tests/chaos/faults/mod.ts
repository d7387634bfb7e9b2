/**
 * Everything that is done to a proxy, in the order of the table.
 *
 * @module
 */
import type { Fault } from "../fault.ts";
import { diskFull, pipeClosed } from "./logs.ts";
import { dnsElsewhere, dnsGone, dnsSlow, dnsWrong } from "./names.ts";
import { blackHole, delay, loss, reordering, vanishing } from "./network.ts";
import { crowd, flappingTarget, resetStorm, slowHellos, slowProxyHeaders } from "./peers.ts";
import { clockJumps, reloads, stopped, workerKilled } from "./processes.ts";
import { descriptors, memory } from "./resources.ts";

export { crowdOf } from "./peers.ts";

export const FAULTS: readonly Fault[] = [
  loss,
  delay,
  reordering,
  blackHole,
  vanishing,
  resetStorm,
  flappingTarget,
  slowProxyHeaders,
  slowHellos,
  crowd,
  descriptors,
  memory,
  diskFull,
  pipeClosed,
  clockJumps,
  workerKilled,
  stopped,
  dnsGone,
  dnsWrong,
  dnsElsewhere,
  dnsSlow,
  reloads,
];
