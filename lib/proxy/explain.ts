/**
 * What would happen to a connection, from a config alone: it reads no file, opens no socket and knows of no health.
 *
 * @module
 */
import { formatCidr, formatEventRate, parseIp, type Reason } from "../base/mod.ts";
import type { AppConfig, Config, RouteConfig, TargetConfig } from "../config/mod.ts";
import { type AccessVerdict, CidrSet } from "../limits/mod.ts";
import { NO_ROUTE_FACTS, type RouteExplanation, type RouteFacts } from "../routing/mod.ts";
import { chooseListener, type Destination, type ListenerChoice } from "./_explain_listener.ts";
import { explainTargets, type TargetExplanation } from "./_explain_targets.ts";
import type { ListenerInfo } from "./control.ts";
import { accessOf, routesOf } from "./rules.ts";

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

/** What would happen to a connection that somebody accepts. */
export interface ExplainedConnection {
  readonly kind: "explained";
  readonly listener: ListenerInfo;
  readonly admission: AccessVerdict;
  /** Every route of the app, and why it is chosen or not; empty where none is looked at. */
  readonly routes: readonly RouteExplanation<RouteConfig>[];
  /** The targets that would be tried, in order; empty where none would. */
  readonly targets: readonly TargetExplanation[];
  /** Why it would be closed before any target is dialed. */
  readonly refusal: { readonly reason: Reason; readonly why: string } | undefined;
  /** What else bears on it, a sentence each. */
  readonly notes: readonly string[];
}

/** What would happen to a connection. */
export type Explanation = ExplainedConnection | Exclude<ListenerChoice, { kind: "found" }>;

/** Explains what would happen to a connection, stage by stage, until one of them closes it. */
export function explainConnection(config: Config, question: ConnectionQuestion): Explanation {
  const choice = chooseListener(config, question.to);
  if (choice.kind !== "found") return choice;
  const { listener } = choice;
  const app = config.apps.find(({ name }) => name === listener.app);
  return app === undefined
    ? { kind: "none", nearest: undefined }
    : explainIn(app, { listener, question: normal(question) });
}

interface Asked {
  readonly listener: ListenerInfo;
  readonly question: ConnectionQuestion;
}

function explainIn(app: AppConfig, { listener, question }: Asked): ExplainedConnection {
  const notes = intakeNotes(app);
  const admission = admissionOf(app, question.client);
  const begun = { kind: "explained", listener, admission, routes: [], targets: [] } as const;
  if (!admission.allowed) {
    const refusal = { reason: "denied", why: `the rule is "${admission.rule}"` } as const;
    return { ...begun, refusal, notes };
  }
  const facts = factsOf(app, question);
  if (facts === undefined) {
    const why = `none of its protocols is one of "tls.alpn" (${app.tls?.alpn.join(", ")})`;
    return { ...begun, refusal: { reason: "tls_error", why }, notes };
  }
  const routes = routesOf(app, (route) => route)?.explain(facts) ?? [];
  const candidates = routes.find(({ verdict }) => verdict === "chosen")?.value.targets ?? app.targets;
  const targets = explainTargets(candidates, {
    config: app,
    listener: listener.address,
    client: question.client ?? "",
  });
  const refusal = targets.length > 0
    ? undefined
    : candidates.length === 0
    ? { reason: "no_route", why: "no route takes it, and the app has no targets of its own" } as const
    : { reason: "no_target", why: "every target has weight 0" } as const;
  return {
    ...begun,
    routes,
    targets,
    refusal,
    notes: [
      ...notes,
      ...routeNotes(app, question),
      ...targetNotes(candidates),
      ...faultNotes(app, question),
    ],
  };
}

/** As a ClientHello is read: a name in lower case without closing dot; an address is no name. */
function normal(question: ConnectionQuestion): ConnectionQuestion {
  const sni = question.sni?.toLowerCase().replace(/\.$/, "");
  return { ...question, sni: sni === undefined || parseIp(sni) !== undefined ? undefined : sni };
}

function admissionOf(app: AppConfig, client: string | undefined): AccessVerdict {
  if (client === undefined) return { allowed: true, rule: "unix socket: the permissions of its file" };
  return accessOf(app)?.explain(client) ?? { allowed: true, rule: "no rules" };
}

/** What routes go by; `undefined` where TLS ends here and has no protocol in common with the client. */
function factsOf({ tls, routes }: AppConfig, { sni, alpn }: ConnectionQuestion): RouteFacts | undefined {
  if (tls === undefined) return routes.length === 0 ? NO_ROUTE_FACTS : { sni, alpn };
  if (tls.alpn.length === 0 || alpn.length === 0) return { sni, alpn: [] };
  const agreed = tls.alpn.find((protocol) => alpn.includes(protocol));
  return agreed === undefined ? undefined : { sni, alpn: [agreed] };
}

function intakeNotes(app: AppConfig): string[] {
  const { proxyProtocol: { accept, from }, maxConnectionsPerClient, acceptRatePerClient } = app;
  const notes: string[] = [];
  if (accept === "required") {
    const trusted = from.map(formatCidr).join(", ");
    notes.push(`a PROXY header must come first, from ${trusted} alone; the client is the one that it names`);
  }
  if (maxConnectionsPerClient !== Infinity) {
    notes.push(`one client may have ${maxConnectionsPerClient} connections at once; more are closed`);
  }
  if (acceptRatePerClient !== undefined) {
    notes.push(`one client may come ${formatEventRate(acceptRatePerClient)}; what is more is closed`);
  }
  if (app.tls !== undefined) notes.push("TLS ends here: a connection without TLS is closed");
  return notes;
}

function routeNotes({ routes }: AppConfig, { sni, alpn }: ConnectionQuestion): string[] {
  return routes.length > 0 && sni === undefined && alpn.length === 0
    ? ["the routes are asked for a connection that names no server and no protocol, or has no TLS"]
    : [];
}

function targetNotes(targets: readonly TargetConfig[]): string[] {
  const unused = targets.filter(({ weight }) => weight === 0)
    .map(({ label }) => `${label} has weight 0 and gets no connection`);
  return targets.length === unused.length
    ? unused
    : [...unused, "targets are taken to be up and idle, as a config knows no more"];
}

function faultNotes({ faults }: AppConfig, { client }: ConnectionQuestion): string[] {
  return faults
    .filter(({ clients }) =>
      clients.length === 0 || (client !== undefined && new CidrSet(clients).find(client) !== undefined)
    )
    .map(({ kind, probability }) => `the fault "${kind}" is done to it with probability ${probability}`);
}
