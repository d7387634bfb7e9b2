import type { HashKeyConfig } from "../config/parsed.ts";
import type { Address, Clock, Duplex, KeepaliveTimes, Random } from "../base/mod.ts";
import type { Dialer, Loops } from "../dial/mod.ts";
import type { Rewrite, Upgrade } from "../protocol/mod.ts";
import type { Candidate, Pool } from "../pool/mod.ts";
import type { BufferPool, CutKind, FaultKind, RelayEngine, Ticker } from "../relay/mod.ts";
import type { RouteFacts } from "../routing/mod.ts";
import type { AdmissionRules } from "./inspect/admission.ts";
import type { InspectRules } from "./inspect/inspector.ts";
import type { Refusal } from "./inspect/refusal.ts";
import type { SessionTally } from "./tally.ts";
import type { TlvRules } from "./_tlvs.ts";

/**
 * Begins TLS with a target on a connection that has just been made; where it rejects, the connection is its caller's.
 *
 * @param clientName the server name that the client asked for.
 */
export type SecureTarget = (
  raw: Duplex,
  candidate: Candidate,
  signal: AbortSignal,
  clientName?: string,
) => Promise<Duplex>;

/** When the targets of one connection are dialed again after all have failed. */
export interface RetryRule {
  /** Dials of one connection in all, the first of each target included. */
  readonly tries: number;
  /** Between two rounds. */
  readonly pauseMs: number;
}

/** The plain-text dialogue with a target before TLS, or before the client's bytes. For one connection only. */
export interface TargetTalk {
  readonly upgrade: Upgrade;
  /** The target's bytes that the client must still get. */
  lead?(): Uint8Array;
  /** The target's bytes, for the login that follows. */
  greeting?(): Uint8Array;
  /** Changes what the target says first, afterwards. */
  readonly rewrite?: Rewrite | undefined;
}

/** Both connections of a session that logs in. */
export interface LoginEnds {
  readonly client: Duplex;
  readonly target: Duplex;
  readonly candidate: Candidate;
  readonly signal: AbortSignal;
  /** Hands over the connection to go on with, which owns the one before it. */
  replace(side: "client" | "target", conn: Duplex): void;
  /** Called with the server name that the client asks for. */
  onHello(sni: string | undefined): void;
}

/** Logs a client in; returns why the session goes no further, or `undefined`. */
export type Login = (ends: LoginEnds, greeting: Uint8Array) => Promise<Refusal | undefined>;

/** The faults of one session. */
export interface SessionFaults {
  /** The client is closed before a target is dialed. */
  readonly refuse: boolean;
  /** The engine that does to the bytes what the faults say; `cut` ends the session, in the way of a fault. */
  engine(cut: (kind: CutKind, fault: FaultKind) => void): RelayEngine;
}

/** The settings that the sessions of one app share, compiled from its config: a session only looks up. */
export interface SessionApp {
  readonly name: string;
  readonly dialer: Dialer<Candidate>;
  /** No byte in either direction for this long ends a session; `Infinity` for no limit. */
  readonly idleTimeoutMs: number;
  /** No byte for this long after one side has finished. */
  readonly halfCloseTimeoutMs: number;
  /** Length of a session's life, shortened by up to a tenth at random so that sessions of one moment do not end in one. */
  readonly maxLifetimeMs: number;
  /** Whether the kernel probes peers that are silent (TCP keepalive), and when; `true` is at the transport's times. */
  readonly keepalive: boolean | KeepaliveTimes;
  /** How long a connection waits for a place when every target is at its limit. */
  readonly queueTimeoutMs: number;
  /** Whether targets that have failed are dialed again; `undefined` for each at most once. */
  readonly retry: RetryRule | undefined;
  /** The inspections before a target is chosen; `undefined` for none. */
  readonly inspect: InspectRules | undefined;
  /** The access rules; `undefined` to admit everyone. */
  readonly admission: AdmissionRules | undefined;
  /** TLS with the targets; `undefined` for none. */
  readonly secureTarget: SecureTarget | undefined;
  /** The talk with a target before all else, by whether the client speaks TLS; default none. */
  readonly targetTalk?: ((clientHasTls: boolean) => TargetTalk | undefined) | undefined;
  /**
   * Logs the client in at the target, where TLS begins in the midst of that; gives why the session goes no further. Default
   * there is nothing between dial and relay.
   */
  readonly login?: Login | undefined;
  /** Whether a target of the app may want a PROXY header. */
  readonly sendsProxy: boolean;
  /** Whether every target is sent a PROXY header, or TLS, before anything else; default no. */
  readonly speaksFirst?: boolean;
  /** The key that `source_hash` hashes; `undefined` for the client's address, or another strategy. */
  readonly hashKey?: HashKeyConfig | undefined;
  /** The rules for fields of PROXY headers; `undefined` for none. */
  readonly tlvs?: TlvRules | undefined;
  /** Whether a route goes by the protocols that a client offers; default none does. */
  readonly routesByProtocol?: boolean;
  /** Counts its sessions; default nobody does. */
  readonly tally?: SessionTally | undefined;
  /** The pool for a connection; `undefined` when no route takes it and the app has no targets of its own. */
  poolFor(facts: RouteFacts | undefined): Pool | undefined;
  /** The engine of one session: it may hold what is counted for each connection alone. */
  engine(): RelayEngine;
  /** Draws the faults of one session; `undefined` for an app without faults. */
  readonly faultsFor: ((client: Address, nowMs: number) => SessionFaults | undefined) | undefined;
}

/** The collaborators that all sessions of a thread share. */
export interface SessionShared {
  readonly ticker: Ticker;
  readonly buffers: BufferPool;
  readonly clock: Clock;
  readonly random: Random;
  /** Whether sessions note what the kernel measures of their connections; default they do not. */
  readonly readsTcpInfo?: boolean;
  /** How often a session that lasts is reported; default never. */
  readonly activeIntervalMs?: number;
  /** Finds targets that lead back; default nobody looks. */
  readonly loops?: Loops;
}
