import type { Address, Clock, Duplex } from "../../base/mod.ts";
import type { AcceptPlace } from "../../listen/mod.ts";
import type { Pool } from "../../pool/mod.ts";
import type { ProxyTlvs } from "../../protocol/mod.ts";
import { NO_ROUTE_FACTS, type RouteFacts } from "../../routing/mod.ts";
import { admit } from "./admission.ts";
import type { SessionApp } from "../app.ts";
import { Inspector, type InspectRules, type TlsAccepted } from "./inspector.ts";
import type { Refusal } from "./refusal.ts";

/** A connection that was accepted, before anything is known of it. */
export interface Arriving {
  readonly app: SessionApp;
  /** What is read before a target is chosen. */
  readonly rules: InspectRules;
  readonly conn: Duplex;
  /** Where the connection really comes from. */
  readonly peer: Address;
  readonly place: AcceptPlace | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** The result of inspecting a connection, as far as it got. */
export interface Inspection {
  /** The connection to go on with: the accepted one, or the one made of it. */
  conn: Duplex;
  /** Bytes already read from it; `undefined` for none. */
  prefetched: Uint8Array | undefined;
  /** The client and its destination, as a PROXY header gives them. */
  client: Address | undefined;
  destination: Address | undefined;
  sni: string | undefined;
  /** Whether the client speaks TLS, as far as that was looked at. */
  hasTls: boolean;
  /** The other fields of the PROXY header. */
  received: ProxyTlvs | undefined;
  /** The TLS that was terminated here. */
  tls: TlsAccepted | undefined;
  /** Counts the client until disposed. */
  admitted: Disposable | undefined;
  /** The pool it goes to, or why it goes no further. */
  outcome: Pool | Refusal;
}

/** Inspects a connection: reads its PROXY header, admits its client, reads or terminates its TLS, and routes it. */
export async function inspect(arriving: Arriving): Promise<Inspection> {
  const { rules, conn, signal } = arriving;
  const found: Inspection = {
    conn,
    prefetched: undefined,
    client: undefined,
    destination: undefined,
    sni: undefined,
    hasTls: false,
    received: undefined,
    tls: undefined,
    admitted: undefined,
    outcome: { reason: "error", detail: "" },
  };
  const inspector = new Inspector(conn, rules, signal);
  try {
    found.outcome = await admitAndRoute(arriving, found, inspector);
  } catch (error) {
    // The caller gets no inspection, and the client must not be counted for ever.
    found.admitted?.[Symbol.dispose]();
    throw error;
  }
  // A refusal over TLS that was terminated here ends with close_notify, not with FIN alone.
  if (inspector.hasEndedTls || !isRefusal(found.outcome)) {
    const { conn, lead } = inspector.take();
    found.conn = conn;
    found.prefetched = lead.length > 0 ? lead : undefined;
  }
  return found;
}

/** Whether the connection goes no further. */
export function isRefusal(outcome: Pool | Refusal): outcome is Refusal {
  return "reason" in outcome;
}

async function admitAndRoute(
  { app, peer, place, clock }: Arriving,
  found: Inspection,
  inspector: Inspector,
): Promise<Pool | Refusal> {
  const announced = await inspector.readProxyHeader(peer);
  if (announced !== undefined) {
    if ("reason" in announced) return announced;
    found.client = announced.source;
    found.destination = announced.destination;
    found.received = announced.tlvs;
  }
  if (app.admission !== undefined) {
    const admitted = admit(app.admission, { peer, announced: found.client }, clock.nowMs());
    if (admitted !== undefined && "reason" in admitted) {
      place?.refund?.();
      return admitted;
    }
    found.admitted = admitted;
  }
  const facts = await inspector.readTls();
  found.sni = inspector.sni;
  found.hasTls = inspector.hasTls;
  found.tls = inspector.tls;
  if (facts !== undefined && "reason" in facts) return facts;
  const pool = app.poolFor(facts);
  if (pool !== undefined) return pool;
  const isByProtocol = app.routesByProtocol && facts !== undefined && facts.alpn.length > 0;
  await inspector.alertUnserved(isByProtocol ? "protocol" : "server_name");
  return {
    reason: "no_route",
    detail: `no route takes ${
      inspector.isNoTls ? "what is no TLS" : whatIsRouted(app, facts ?? NO_ROUTE_FACTS)
    }`,
  };
}

function whatIsRouted({ routesByProtocol }: SessionApp, { sni, alpn }: RouteFacts): string {
  const name = sni === undefined ? "a connection without a server name" : `the server name ${sni}`;
  if (!routesByProtocol) return name;
  return `${name}${sni === undefined && alpn.length === 0 ? " and" : ""} ${whichProtocols(alpn)}`;
}

/** A client may offer thousands of protocols; what a line of the log shows of them. */
const SHOWN_PROTOCOLS = 8;

function whichProtocols(alpn: readonly string[]): string {
  if (alpn.length === 0) return "without a protocol (ALPN)";
  const more = alpn.length > SHOWN_PROTOCOLS ? ` and ${alpn.length - SHOWN_PROTOCOLS} more` : "";
  const shown = alpn.slice(0, SHOWN_PROTOCOLS).join(", ");
  return `with the ${alpn.length === 1 ? "protocol" : "protocols"} ${shown}${more}`;
}
