/**
 * The notes of an explanation, a sentence each.
 *
 * @module
 */
import { formatCidr, formatDuration, formatEventRate, formatTlv } from "../../base/mod.ts";
import type { AppConfig } from "../../config/parsed.ts";
import { CidrSet } from "../../limits/mod.ts";
import type { ExplainedTargets } from "./_targets.ts";
import type { ConnectionQuestion } from "./explanation.ts";
import type { PoolSnapshot } from "../../app/mod.ts";
import type { RuntimeSnapshot } from "../status/runtime_snapshot.ts";

/** A proxy as it runs; of a config alone, neither is known. */
export interface Moment {
  readonly live: RuntimeSnapshot | undefined;
  /** Sessions that the app has; `undefined` where nobody knows. */
  readonly sessions: number | undefined;
}

/** Notes on the requirements of an app before a target is chosen. */
export function intakeNotes(app: AppConfig): string[] {
  const { proxyProtocol: { accept, from }, maxConnectionsPerClient, acceptRatePerClient } = app;
  const notes: string[] = [];
  const trusted = from.map(formatCidr).join(", ");
  if (accept === "required") {
    notes.push(`a PROXY header must come first, from ${trusted} alone; the client is the one that it names`);
  } else if (accept === "optional") {
    notes.push(`a PROXY header may come first from ${trusted}; the client is then the one that it names`);
  }
  if (maxConnectionsPerClient !== Infinity) {
    notes.push(`one client may have ${maxConnectionsPerClient} connections at once; more are closed`);
  }
  if (acceptRatePerClient !== undefined) {
    notes.push(`one client may come ${formatEventRate(acceptRatePerClient)}; what is more is closed`);
  }
  return [...notes, ...tlsNotes(app)];
}

/** How the client's TLS begins, and what becomes of it. */
function tlsNotes({ tls, routes, starttls }: AppConfig): string[] {
  const without = starttls?.plain === "allow" ? "may go on without it" : "without TLS is closed";
  if (tls !== undefined && starttls === undefined) return [`TLS ends here: a connection ${without}`];
  if (starttls === undefined || (tls === undefined && routes.length === 0)) return [];
  const where = tls === undefined ? "TLS is passed on" : "TLS ends here";
  return [`${where}, and begins behind ${REQUESTS[starttls.protocol]}: a connection ${without}`];
}

const REQUESTS: Readonly<Record<NonNullable<AppConfig["starttls"]>["protocol"], string>> = {
  postgres: "PostgreSQL's SSLRequest",
  smtp: "STARTTLS of SMTP",
  imap: "STARTTLS of IMAP",
  mysql: "MySQL's greeting",
};

/** Where the key of `source_hash` is not known. */
export function hashNotes({ balance, hashKey }: AppConfig): string[] {
  if (balance !== "source_hash" || hashKey.kind !== "tlv") return [];
  return [
    `source_hash goes by the field ${
      formatTlv(hashKey.type)
    } of the PROXY header; without one, as here, by the client's address`,
  ];
}

/** Where routes are asked without what they go by. */
export function routeNotes({ routes }: AppConfig, { sni, alpn }: ConnectionQuestion): string[] {
  return routes.length > 0 && sni === undefined && alpn.length === 0
    ? ["the routes are asked for a connection that names no server and no protocol, or has no TLS"]
    : [];
}

/** Targets that are no candidates at any moment. */
export function weightNotes({ targets }: PoolSnapshot): string[] {
  return targets.filter(({ weight }) => weight === 0)
    .map(({ label }) => `${label} has weight 0 and gets no connection`);
}

/** The note on retries after every target has failed. */
export function retryNotes({ retry, connectDeadlineMs }: AppConfig): string[] {
  if (retry === undefined) return [];
  return [
    `when all targets have failed, they are dialed again after ${formatDuration(retry.pauseMs)}: ` +
    `${retry.tries} dials in all, within ${formatDuration(connectDeadlineMs)}`,
  ];
}

/** Notes on facts that a config alone does not show. */
export function assumptionNotes({ targets }: ExplainedTargets): string[] {
  return targets.length === 0 ? [] : ["targets are taken to be up and idle, as a config knows no more"];
}

/** Notes on obstacles to accepting a connection now. */
export function acceptNotes({ name, maxConnections }: AppConfig, { live, sessions }: Moment): string[] {
  const notes = live?.isEnding === true ? ["the proxy is ending: it accepts nothing any more"] : [];
  if (live?.isPaused(name) === true) {
    notes.push("an operator has paused the app: it waits in the backlog until the app accepts again");
  }
  if (sessions !== undefined && sessions >= maxConnections) {
    notes.push(
      `the app has all the connections that it may (${sessions}): it waits in the backlog for one to end`,
    );
  }
  return notes;
}

/** The targets of a connection in a proxy that runs. */
export interface LivePool {
  readonly pool: PoolSnapshot;
  readonly explained: ExplainedTargets;
  readonly live: RuntimeSnapshot;
}

/** Notes on the current state. */
export function liveNotes(app: AppConfig, { pool, explained, live }: LivePool): string[] {
  const { targets, skipped, isDesperate } = explained;
  const notes = pool.emptyEntries.map((entry) => `${entry}: discovery has no target by it`);
  if (isDesperate) notes.push("no target is usable, so all are tried");
  const waits = pool.targets.some(({ isFull, admin }) => isFull && admin === "ready");
  if (targets.length === 0 && skipped.length > 0 && waits && app.queueTimeoutMs > 0) {
    const limit = formatDuration(app.queueTimeoutMs);
    notes.push(`no usable target has a place: it waits for one, and is closed with "limit" after ${limit}`);
  }
  if (live.workers > 1 && targets.length > 1 && !SAME_IN_ALL_THREADS.includes(app.balance)) {
    notes.push(`each of the ${live.workers} workers balances the connections that it carries itself`);
  }
  return notes;
}

/** Strategies that go by nothing that differs from thread to thread. */
const SAME_IN_ALL_THREADS: readonly AppConfig["balance"][] = ["source_hash", "first", "random"];

/** Faults that may be done to it. */
export function faultNotes(
  app: AppConfig,
  { client }: ConnectionQuestion,
  live: RuntimeSnapshot | undefined,
): string[] {
  const faults = live === undefined ? app.faults : live.faults(app.name).map(({ fault }) => fault);
  return faults
    .filter(({ clients }) =>
      clients.length === 0 || (client !== undefined && new CidrSet(clients).find(client) !== undefined)
    )
    .map(({ kind, probability }) => `the fault "${kind}" is done to it with probability ${probability}`);
}
