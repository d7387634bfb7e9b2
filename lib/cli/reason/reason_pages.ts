import { type Reason, REASONS } from "../../base/mod.ts";
import { ENDED_BY_LIMITS } from "./ended_by_limits.ts";
import { ENDED_BY_PEERS } from "./ended_by_peers.ts";
import { ENDED_BY_PROXY } from "./ended_by_proxy.ts";
import type { ReasonPage } from "./page.ts";
import { REFUSED } from "./refused.ts";

/** A word that stands in the field `reason` of the access log: a reason, or `active` while a session lasts. */
export type ReasonWord = Reason | "active";

/** The page of each word: the one source of `tcpproxy reason` and of `docs/troubleshooting.md`. */
export const REASON_PAGES: Readonly<Record<ReasonWord, ReasonPage>> = {
  ...ENDED_BY_PEERS,
  ...ENDED_BY_LIMITS,
  ...REFUSED,
  ...ENDED_BY_PROXY,
};

/** Every word, in the order of the reference. */
export const REASON_WORDS: readonly ReasonWord[] = [...REASONS, "active"];

/** The metric that counts a reason; `undefined` for `active`, which is no end. */
export function reasonMetric(word: ReasonWord): string | undefined {
  return word === "active" ? undefined : `tcpproxy_connections_total{reason="${word}"}`;
}
