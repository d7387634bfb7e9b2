import type { Address, Clock, Duplex } from "../base/mod.ts";
import type { AcceptPlace } from "../listen/mod.ts";
import type { Pool } from "../pool/mod.ts";
import type { ProxyTlvs } from "../protocol/mod.ts";
import { NO_ROUTE_FACTS, type RouteFacts } from "../routing/mod.ts";
import { admit } from "./admission.ts";
import type { SessionApp } from "./app.ts";
import { Intake, type Refusal, type TlsAccepted } from "./intake.ts";

/** A connection at the door. */
export interface Visitor {
  readonly app: SessionApp;
  readonly conn: Duplex;
  /** Where the connection really comes from. */
  readonly peer: Address;
  readonly place: AcceptPlace | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** What was learned at the door, as far as it was gone through. */
export interface Entry {
  /** The connection to go on with: that of the visitor, or what was made of it. */
  conn: Duplex;
  /** Bytes that were read from it already; `undefined` for none. */
  prefetched: Uint8Array | undefined;
  /** The client and where it wanted to go, as a PROXY header has it. */
  client: Address | undefined;
  destination: Address | undefined;
  sni: string | undefined;
  /** Whether the client speaks TLS, as far as it was asked. */
  hasTls: boolean;
  /** What else the header said. */
  received: ProxyTlvs | undefined;
  /** The TLS that ended here. */
  tls: TlsAccepted | undefined;
  /** Counts the client until it is disposed of. */
  admitted: Disposable | undefined;
  /** Where it goes from here, or why it does not. */
  outcome: Pool | Refusal;
}

/** Reads what the app wants to know of a connection, admits it, and finds its pool. */
export async function enter(visitor: Visitor): Promise<Entry> {
  const { app, signal } = visitor;
  const entry: Entry = {
    conn: visitor.conn,
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
  const intake = app.intake === undefined ? undefined : new Intake(visitor.conn, app.intake, signal);
  try {
    entry.outcome = await passThrough(visitor, entry, intake);
  } catch (error) {
    // Whoever waits for the entry gets none, and the client must not count for ever.
    entry.admitted?.[Symbol.dispose]();
    throw error;
  }
  // A refusal is told over the TLS that was agreed on, whose end is more than FIN.
  if (intake !== undefined && (intake.hasEndedTls || !isRefusal(entry.outcome))) {
    const { conn, lead } = intake.take();
    entry.conn = conn;
    entry.prefetched = lead.length > 0 ? lead : undefined;
  }
  return entry;
}

/** Whether the door stayed shut. */
export function isRefusal(outcome: Pool | Refusal): outcome is Refusal {
  return "reason" in outcome;
}

async function passThrough(
  visitor: Visitor,
  entry: Entry,
  intake: Intake | undefined,
): Promise<Pool | Refusal> {
  const { app } = visitor;
  const announced = await intake?.readProxyHeader(visitor.peer);
  if (announced !== undefined) {
    if ("reason" in announced) return announced;
    entry.client = announced.source;
    entry.destination = announced.destination;
    entry.received = announced.tlvs;
  }
  if (app.admission !== undefined) {
    const arrival = { peer: visitor.peer, announced: entry.client };
    const admitted = admit(app.admission, arrival, visitor.clock.nowMs());
    if (typeof admitted === "string") {
      visitor.place?.refund?.();
      return { reason: admitted, detail: "" };
    }
    entry.admitted = admitted;
  }
  const facts = await intake?.readTls();
  entry.sni = intake?.sni;
  entry.hasTls = intake?.hasTls ?? false;
  entry.tls = intake?.tls;
  if (facts !== undefined && "reason" in facts) return facts;
  const pool = app.poolFor(facts);
  if (pool !== undefined) return pool;
  const isByProtocol = app.routesByProtocol && facts !== undefined && facts.alpn.length > 0;
  await intake?.tellUnserved(isByProtocol ? "protocol" : "server_name");
  return {
    reason: "no_route",
    detail: `no route takes ${
      intake?.isNoTls === true ? "what is no TLS" : whatIsRouted(app, facts ?? NO_ROUTE_FACTS)
    }`,
  };
}

function whatIsRouted({ routesByProtocol }: SessionApp, { sni, alpn }: RouteFacts): string {
  const name = sni === undefined ? "a connection without a server name" : `the server name ${sni}`;
  return routesByProtocol ? `${name} ${whichProtocols(alpn)}` : name;
}

/** A client may offer thousands of protocols; what a line of the log shows of them. */
const SHOWN_PROTOCOLS = 8;

function whichProtocols(alpn: readonly string[]): string {
  if (alpn.length === 0) return "without a protocol (ALPN)";
  const more = alpn.length > SHOWN_PROTOCOLS ? ` and ${alpn.length - SHOWN_PROTOCOLS} more` : "";
  const shown = alpn.slice(0, SHOWN_PROTOCOLS).join(", ");
  return `with the ${alpn.length === 1 ? "protocol" : "protocols"} ${shown}${more}`;
}
