import { formatAddress, parseAddress, type Reason, REASONS } from "../../base/mod.ts";
import {
  type ExplainedConnection,
  type ExplanationJson,
  explanationJson,
  type ListenerInfo,
  type RouteVerdict,
  type TargetExplanation,
} from "../../proxy/mod.ts";
import { booleanIn, type JsonRecord, listIn, recordOf, ShapeError, textIn } from "./fields.ts";

/** The body of `GET /api/explain`. A stable contract. */
export interface LiveExplanationJson extends ExplanationJson {
  /** Targets that would be skipped in their current state. */
  readonly skipped: readonly TargetExplanation[];
  /** Every route of the app, in order. */
  readonly routes: readonly RouteVerdict[];
  /** Why it would be closed before a target is dialed; `null` where it would not. */
  readonly refusal: { readonly reason: Reason; readonly why: string } | null;
  readonly notes: readonly string[];
}

/** Converts an explanation to JSON. */
export function explanationToJson(explanation: ExplainedConnection): LiveExplanationJson {
  const { skipped, routes, refusal, notes } = explanation;
  return { ...explanationJson(explanation), skipped, routes, refusal: refusal ?? null, notes };
}

/**
 * Parses the output of {@link explanationToJson}.
 *
 * @throws {ShapeError} when it is something else.
 */
export function explanationFromJson(value: unknown): ExplainedConnection {
  const json = recordOf(value);
  const admission = recordOf(json.admission);
  return {
    kind: "explained",
    listener: listenerFromJson(json),
    admission: { allowed: booleanIn(admission, "allowed"), rule: textIn(admission, "rule") },
    routes: listIn(json, "routes").map(routeFromJson),
    targets: listIn(json, "targets").map(targetFromJson),
    skipped: listIn(json, "skipped").map(targetFromJson),
    refusal: json.refusal === null ? undefined : refusalFromJson(recordOf(json.refusal)),
    notes: listIn(json, "notes").map((note) => textIn({ note }, "note")),
  };
}

/** Converts a listener to JSON. */
export function listenerJson({ app, address }: ListenerInfo): { app: string; listener: string } {
  return { app, listener: formatAddress(address) };
}

/**
 * Parses the output of {@link listenerJson}.
 *
 * @throws {ShapeError} when it is something else.
 */
export function listenerFromJson(value: unknown): ListenerInfo {
  const json = recordOf(value);
  return { app: textIn(json, "app"), address: parseAddress(textIn(json, "listener")) };
}

function routeFromJson(value: unknown): RouteVerdict {
  const json = recordOf(value);
  const said = textIn(json, "verdict");
  const verdict = VERDICTS.find((one) => one === said);
  if (verdict === undefined) throw new ShapeError(`"verdict" is "${said}"`);
  return { name: textIn(json, "name"), verdict, why: textIn(json, "why") };
}

const VERDICTS = ["chosen", "shadowed", "no_match"] as const satisfies readonly RouteVerdict["verdict"][];

function targetFromJson(value: unknown): TargetExplanation {
  const json = recordOf(value);
  return { address: textIn(json, "address"), backup: booleanIn(json, "backup"), why: textIn(json, "why") };
}

function refusalFromJson(json: JsonRecord): ExplainedConnection["refusal"] {
  const said = textIn(json, "reason");
  const reason = REASONS.find((one) => one === said);
  if (reason === undefined) throw new ShapeError(`"reason" is "${said}"`);
  return { reason, why: textIn(json, "why") };
}
