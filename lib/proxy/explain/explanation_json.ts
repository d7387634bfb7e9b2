import { formatAddress } from "../../base/mod.ts";
import type { ExplainedConnection, TargetExplanation } from "./explanation.ts";

/** The output of `explain --json`, and part of the admin API's response. A stable contract. */
export interface ExplanationJson {
  readonly app: string;
  readonly listener: string;
  readonly admission: { readonly allowed: boolean; readonly rule: string };
  /** `routes[0] (sni *.example.com, alpn h2)`; `null` when none takes the connection. */
  readonly route: string | null;
  readonly targets: readonly TargetExplanation[];
}

/** An explanation for scripts. */
export function explanationJson(explanation: ExplainedConnection): ExplanationJson {
  const { listener, admission, routes, targets } = explanation;
  return {
    app: listener.app,
    listener: formatAddress(listener.address),
    admission: { allowed: admission.allowed, rule: admission.rule },
    route: routes.find(({ verdict }) => verdict === "chosen")?.name ?? null,
    targets,
  };
}
