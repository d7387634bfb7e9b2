/**
 * What the control plane and its workers say to each other. Both are of one program, so nothing is negotiated; each
 * message is plain data, and memory that is shared travels in them as such.
 *
 * @module
 */
import type { Address, Reason } from "../../base/mod.ts";
import type { Config } from "../../config/mod.ts";
import type { SharedClientMemory } from "../../limits/mod.ts";
import type { TargetState } from "../../pool/mod.ts";
import type { Retirement } from "../../proxy/mod.ts";
import type { LogField } from "../../session/mod.ts";
import type { NextTlsFiles, PoolRef, TargetRef, TlsFiles } from "../../app/mod.ts";

/** What a worker is told. */
export type ToWorker =
  | StartMessage
  /** All workers have bound their listeners: accept. */
  | { readonly kind: "accept" }
  | { readonly kind: "targets"; readonly pool: PoolRef; readonly targets: readonly TargetRecord[] }
  | Question
  | { readonly kind: "drain" }
  | { readonly kind: "stop" };

/** What a worker says. */
export type FromWorker =
  /** Its module runs. */
  | { readonly kind: "loaded" }
  /** Its listeners are bound; messages after this one name them by their index. */
  | { readonly kind: "bound"; readonly listeners: readonly { app: string; address: Address }[] }
  /** It cannot start, for a reason that the operator must mend. */
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "sessions"; readonly records: readonly SessionRecord[] }
  | Answer
  | { readonly kind: "report"; readonly target: TargetRef; readonly outcome: "succeeded" | "failed" }
  | { readonly kind: "accept_paused"; readonly listener: number; readonly error: ErrorRecord }
  | { readonly kind: "accept_resumed"; readonly listener: number; readonly pausedMs: number }
  | { readonly kind: "dial_starved"; readonly app: string; readonly error: ErrorRecord }
  | { readonly kind: "leads_back"; readonly app: string; readonly target: string; readonly way: string }
  | { readonly kind: "draining"; readonly leftMs: number }
  | { readonly kind: "defect"; readonly error: ErrorRecord }
  /** No session is left, and all that it had to say is said. */
  | { readonly kind: "ended" };

/** What a worker answers. `reload` is the number of the reload that it is about. */
export type Question =
  /** Files of apps have other content: get ready for it. */
  | { readonly kind: "prepare"; readonly reload: number; readonly changed: readonly NextTlsFiles[] }
  /** All are ready: use it from now on. */
  | { readonly kind: "use"; readonly reload: number }
  | RetireQuestion;

/** What a worker says when it has done what it was asked, or why it could not. */
export interface Answer {
  readonly kind: "answer";
  readonly to: Question["kind"];
  readonly reload: number;
  readonly problem: string | undefined;
}

export interface StartMessage {
  readonly kind: "start";
  /** This worker's number in its generation, from 0. */
  readonly worker: number;
  /** Its part of the memory of limits, which no other worker of any generation has. */
  readonly share: number;
  readonly config: Config;
  /** By name. */
  readonly apps: ReadonlyMap<string, AppRecord>;
  readonly memory: CommonMemory;
  /** The time on the clock that all workers share. */
  readonly nowMs: number;
  /** When the proxy began, on that clock. */
  readonly startedMs: number;
  /** Whether this one has the listeners that only one can have. */
  readonly hasUnixListeners: boolean;
  readonly sessions: SessionsReported;
}

/** Workers with another config take over: accept nothing more, say so, and end when no session is left. */
export interface RetireQuestion extends Retirement {
  readonly kind: "retire";
  readonly reload: number;
}

/** Which sessions a worker tells of when they have ended: all, or those of which the operational log may have to speak. */
export type SessionsReported = "all" | "notable";

/** What one app needs beside its config. */
export interface AppRecord {
  readonly tlsFiles: TlsFiles;
  readonly memory: AppMemory;
  /** By the key of the pool. */
  readonly pools: ReadonlyMap<string, readonly TargetRecord[]>;
}

/** A target's state with the memory of its places, where they are limited. */
export interface TargetRecord extends TargetState {
  readonly places: SharedArrayBuffer | undefined;
}

/** The memory that all workers of a generation share whatever the config says. */
export interface CommonMemory {
  /** The number of the last session, of all generations. */
  readonly ids: SharedArrayBuffer;
  /** The sessions that have not ended. */
  readonly active: SharedArrayBuffer;
  /** Whose turn it is to accept. */
  readonly turns: SharedArrayBuffer;
  /** The dials that lack a file descriptor. */
  readonly starved: SharedArrayBuffer;
  /** How many of these have gone on. */
  readonly starvedMoves: SharedArrayBuffer;
  /** The connections from one own listener to another. */
  readonly crossings: SharedArrayBuffer;
}

/** The memory of an app's limits; `undefined` where there is none. */
export interface AppMemory {
  readonly places: SharedArrayBuffer | undefined;
  readonly rate: SharedArrayBuffer | undefined;
  readonly clients: SharedClientMemory | undefined;
  /** What each fault has been drawn for, a number of 32 bits each. */
  readonly faults: SharedArrayBuffer | undefined;
}

/** A session that has ended. */
export interface SessionRecord {
  readonly id: number;
  readonly app: string;
  /** The index of its listener. */
  readonly listener: number;
  readonly client: Address;
  readonly sni: string | undefined;
  readonly detail: string;
  readonly fields: readonly LogField[] | undefined;
  readonly target: string | undefined;
  readonly reason: Reason | undefined;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly durationMs: number;
  /** In milliseconds since the Unix epoch. */
  readonly endedAtMs: number;
  readonly connectMs: number | undefined;
  readonly tries: number;
  readonly failures: readonly { readonly target: string; readonly code: string; readonly message: string }[];
  readonly error: ErrorRecord | undefined;
}

/** An error; its class and what else hangs on it stay where it was thrown. */
export interface ErrorRecord {
  readonly message: string;
  readonly code: string;
  readonly stack: string | undefined;
}
