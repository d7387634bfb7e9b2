import { formatAddress } from "../../base/mod.ts";
import type { ConnectionQuestion, ExplainedConnection } from "../../proxy/mod.ts";

/** An explanation for people, in the order in which things happen. */
export function explanationText(explanation: ExplainedConnection, question: ConnectionQuestion): string {
  const { listener, admission, routes, targets, skipped, refusal, notes } = explanation;
  const lines = [
    `client     ${question.client ?? "of a unix socket"}${tlsText(question)}`,
    `app        ${listener.app}`,
    `listener   ${formatAddress(listener.address)}`,
    `admission  ${admission.allowed ? "allowed" : "denied"}: ${admission.rule}`,
    ...routes.map(({ name, verdict, why }) => `route      ${name}: ${verdict.replace("_", " ")}: ${why}`),
    ...(routes.length > 0 && routes.every(({ verdict }) => verdict !== "chosen")
      ? ["route      none takes it"]
      : []),
    ...targets.map(({ address, why }, index) => `target     ${index + 1}. ${address}: ${why}`),
    ...skipped.map(({ address, why }) => `skipped    ${address}: ${why}`),
    ...(refusal === undefined ? [] : [`closed     ${refusal.reason}: ${refusal.why}`]),
    ...notes.map((note) => `note       ${note}`),
  ];
  return lines.join("\n");
}

function tlsText({ sni, alpn }: ConnectionQuestion): string {
  const said = [
    ...(sni === undefined ? [] : [`sni ${sni}`]),
    ...(alpn.length === 0 ? [] : [`alpn ${alpn.join(",")}`]),
  ];
  return said.length === 0 ? "" : `, ${said.join(", ")}`;
}
