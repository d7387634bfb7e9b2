/**
 * What would happen to a connection: by a config alone, or as things are in a proxy that runs. It reads no file, opens no
 * socket, and changes nothing.
 *
 * @module
 */
import { parseIp } from "../../base/mod.ts";
import type { AppConfig, Config } from "../../config/parsed.ts";
import type { AccessVerdict } from "../../limits/mod.ts";
import { NO_ROUTE_FACTS, type RouteFacts } from "../../routing/mod.ts";
import { chooseListener, listenersOf } from "./listener_choice.ts";
import {
  acceptNotes,
  assumptionNotes,
  faultNotes,
  hashNotes,
  intakeNotes,
  liveNotes,
  type Moment,
  retryNotes,
  routeNotes,
  weightNotes,
} from "./_notes.ts";
import { type ExplainedTargets, explainTargets } from "./_targets.ts";
import type { ConnectionQuestion, ExplainedConnection, Explanation } from "./explanation.ts";
import { accessOf, assumedSnapshot, type PoolSnapshot, routeName, routesOf } from "../../app/mod.ts";
import type { ListenerInfo, RuntimeSnapshot } from "../status/runtime_snapshot.ts";
import { poolOf } from "../status/status.ts";

/**
 * Explains what would happen to a connection, stage by stage, until one of them closes it.
 *
 * @param live the proxy that runs with the config, as it is at this moment; without it, every target is taken to be up
 * and idle.
 */
export function explainConnection(
  config: Config,
  question: ConnectionQuestion,
  live?: RuntimeSnapshot,
): Explanation {
  const choice = chooseListener(live?.listeners ?? listenersOf(config), question.to);
  if (choice.kind !== "found") return choice;
  const { listener } = choice;
  const app = config.apps.find(({ name }) => name === listener.app);
  if (app === undefined) return { kind: "none", nearest: undefined };
  const pools = live?.pools(app.name);
  return explainIn(app, {
    listener,
    question: normal(question),
    live,
    sessions: live?.sessionsOf(app.name),
    factsFor: (route) =>
      pools === undefined
        ? assumedSnapshot(route === undefined ? app.targets : app.routes[route]?.targets ?? [], app)
        : poolOf(app, pools, route),
  });
}

interface Asked extends Moment {
  readonly listener: ListenerInfo;
  readonly question: ConnectionQuestion;
  /** The targets of a route, by its place, or the app's own. */
  factsFor(route: number | undefined): PoolSnapshot;
}

function explainIn(app: AppConfig, asked: Asked): ExplainedConnection {
  const { listener, question, live } = asked;
  const notes = [...acceptNotes(app, asked), ...intakeNotes(app), ...hashNotes(app)];
  const admission = admissionOf(app, question.client);
  const begun = { kind: "explained", listener, admission, routes: [], targets: [], skipped: [] } as const;
  if (!admission.allowed) {
    const refusal = { reason: "denied", why: `the rule is "${admission.rule}"` } as const;
    return { ...begun, refusal, notes };
  }
  const facts = factsOfTls(app, question);
  if (facts === undefined) {
    const why = `none of its protocols is one of "tls.alpn" (${app.tls?.alpn.join(", ")})`;
    return { ...begun, refusal: { reason: "tls_error", why }, notes };
  }
  const routes = routesOf(app, (route) => route)?.explain(facts) ?? [];
  const chosen = routes.find(({ verdict }) => verdict === "chosen");
  const isRouted = chosen !== undefined || app.targets.length > 0;
  const pool = asked.factsFor(chosen?.index);
  const explained = explainTargets(pool.targets, {
    config: app,
    listener: listener.address,
    client: question.client ?? "",
    sni: question.sni,
  });
  const { targets, skipped } = explained;
  return {
    ...begun,
    routes: routes.map(({ index, value, verdict, why }) => ({ name: routeName(index, value), verdict, why })),
    targets,
    skipped,
    refusal: isRouted ? refusalOf(app, pool, explained) : NO_ROUTE,
    notes: [
      ...notes,
      ...routeNotes(app, question),
      ...weightNotes(pool),
      ...retryNotes(app),
      ...(live === undefined ? assumptionNotes(explained) : liveNotes(app, { pool, explained, live })),
      ...faultNotes(app, question, live),
    ],
  };
}

const NO_ROUTE = {
  reason: "no_route",
  why: "no route takes it, and the app has no targets of its own",
} as const;

function refusalOf(
  app: AppConfig,
  pool: PoolSnapshot,
  { targets, skipped }: ExplainedTargets,
): ExplainedConnection["refusal"] {
  if (targets.length > 0) return undefined;
  if (pool.targets.length === 0) return { reason: "no_target", why: "discovery has found no target" };
  if (skipped.length === 0) return { reason: "no_target", why: "every target has weight 0" };
  if (pool.targets.every(({ weight, admin }) => weight === 0 || admin !== "ready")) {
    return { reason: "no_target", why: "an operator has drained or taken down every target" };
  }
  // Others that are passed over although none is left are full.
  return app.queueTimeoutMs > 0
    ? undefined
    : { reason: "limit", why: 'no usable target has a place, and "queue_timeout" is 0s' };
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

/** The facts that routes match; `undefined` where TLS terminates here and shares no protocol with the client. */
function factsOfTls({ tls, routes }: AppConfig, { sni, alpn }: ConnectionQuestion): RouteFacts | undefined {
  if (tls === undefined) return routes.length === 0 ? NO_ROUTE_FACTS : { sni, alpn };
  if (tls.alpn.length === 0 || alpn.length === 0) return { sni, alpn: [] };
  const agreed = tls.alpn.find((protocol) => alpn.includes(protocol));
  return agreed === undefined ? undefined : { sni, alpn: [agreed] };
}
