import type { Reason } from "../../base/mod.ts";
import type { AccessVerdict } from "../../limits/mod.ts";
import type { RouteExplanation } from "../../routing/mod.ts";
import type { ListenerInfo } from "../status/runtime_snapshot.ts";
import type { Destination, ListenerChoice } from "./listener_choice.ts";
import type { TargetExplanation } from "./_targets.ts";

export type { Destination, TargetExplanation };

/** The connection that is asked about. */
export interface ConnectionQuestion {
  readonly to: Destination;
  /** The client's IP address, the one that a PROXY header gives where the app wants one; `undefined` for a unix socket's. */
  readonly client: string | undefined;
  /** The server name of its TLS. */
  readonly sni: string | undefined;
  /** The protocols that its TLS offers, the most wanted first. */
  readonly alpn: readonly string[];
}

/** The verdict on one route. */
export interface RouteVerdict extends Pick<RouteExplanation<unknown>, "verdict" | "why"> {
  /** `routes[0] (sni *.example.com, alpn h2)`. */
  readonly name: string;
}

/** The explanation of a connection that a listener accepts. Plain data. */
export interface ExplainedConnection {
  readonly kind: "explained";
  readonly listener: ListenerInfo;
  readonly admission: AccessVerdict;
  /** Every route of the app, and why it is chosen or not; empty where none is looked at. */
  readonly routes: readonly RouteVerdict[];
  /** The targets that would be tried, in order; empty where none would. */
  readonly targets: readonly TargetExplanation[];
  /** Those that would be passed over as they are at this moment; empty where only a config is known. */
  readonly skipped: readonly TargetExplanation[];
  /** Why it would be closed before any target is dialed. */
  readonly refusal: { readonly reason: Reason; readonly why: string } | undefined;
  /** Notes, a sentence each. */
  readonly notes: readonly string[];
}

/** The explanation of a connection. */
export type Explanation = ExplainedConnection | Exclude<ListenerChoice, { kind: "found" }>;
