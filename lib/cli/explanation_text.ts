import { type Address, formatAddress } from "../base/mod.ts";
import type { RouteConfig } from "../config/mod.ts";
import type { ConnectionQuestion, Destination, ExplainedConnection, ListenerInfo } from "../proxy/mod.ts";

/** What `explain --json` prints. A contract. */
export interface ExplanationJson {
  readonly app: string;
  readonly listener: string;
  readonly admission: { readonly allowed: boolean; readonly rule: string };
  /** `routes[0] (sni *.example.com, alpn h2)`; `null` when none takes the connection. */
  readonly route: string | null;
  readonly targets: readonly { readonly address: string; readonly backup: boolean; readonly why: string }[];
}

/** An explanation for scripts. */
export function explanationJson(explanation: ExplainedConnection): ExplanationJson {
  const { listener, admission, routes, targets } = explanation;
  const route = routes.find(({ verdict }) => verdict === "chosen");
  return {
    app: listener.app,
    listener: formatAddress(listener.address),
    admission: { allowed: admission.allowed, rule: admission.rule },
    route: route === undefined ? null : formatRoute(route.index, route.value),
    targets: targets.map(({ address, backup, why }) => ({ address, backup, why })),
  };
}

/** An explanation for people, in the order in which things happen. */
export function explanationText(explanation: ExplainedConnection, question: ConnectionQuestion): string {
  const { listener, admission, routes, targets, refusal, notes } = explanation;
  const lines = [
    `client     ${question.client ?? "of a unix socket"}${tlsText(question)}`,
    `app        ${listener.app}`,
    `listener   ${formatAddress(listener.address)}`,
    `admission  ${admission.allowed ? "allowed" : "denied"}: ${admission.rule}`,
    ...routes.map(({ index, value, verdict, why }) =>
      `route      ${formatRoute(index, value)}: ${verdict.replace("_", " ")}: ${why}`
    ),
    ...(routes.length > 0 && routes.every(({ verdict }) => verdict !== "chosen")
      ? ["route      none takes it"]
      : []),
    ...targets.map(({ address, why }, index) => `target     ${index + 1}. ${address}: ${why}`),
    ...(refusal === undefined ? [] : [`closed     ${refusal.reason}: ${refusal.why}`]),
    ...notes.map((note) => `note       ${note}`),
  ];
  return lines.join("\n");
}

/** Says that nobody listens, and who does nearby. */
export function describeNone(to: Destination, nearest: ListenerInfo | undefined): string {
  const near = nearest === undefined
    ? "no app listens on a port"
    : `the nearest is app "${nearest.app}" on ${formatAddress(nearest.address)}`;
  return `explain: nobody listens on ${describe(to)}, ${near}`;
}

/** Says that it is not clear which listener is meant. */
export function describeSeveral(to: Destination, listeners: readonly ListenerInfo[]): string {
  const list = listeners.map(({ app, address }) => `app "${app}" on ${formatAddress(address)}`).join(", ");
  return `explain: several listen on ${
    describe(to)
  } (${list}), --listen with one of the addresses was wanted`;
}

function describe(to: Destination): string {
  return to.kind === "port" ? `port ${to.port}` : formatAddress(to satisfies Address);
}

function formatRoute(index: number, { sni, alpn }: RouteConfig): string {
  const rules = [
    ...(sni.length > 0 ? [`sni ${sni.join("|")}`] : []),
    ...(alpn.length > 0 ? [`alpn ${alpn.join("|")}`] : []),
  ];
  return `routes[${index}] (${rules.length === 0 ? "every connection" : rules.join(", ")})`;
}

function tlsText({ sni, alpn }: ConnectionQuestion): string {
  const said = [
    ...(sni === undefined ? [] : [`sni ${sni}`]),
    ...(alpn.length === 0 ? [] : [`alpn ${alpn.join(",")}`]),
  ];
  return said.length === 0 ? "" : `, ${said.join(", ")}`;
}
