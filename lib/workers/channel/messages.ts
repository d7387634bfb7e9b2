/**
 * The messages between the control plane and its workers. Both run the same program, so there is no version
 * negotiation. Messages are plain data; shared memory travels in them as such.
 *
 * @module
 */
import type { Address } from "../../base/mod.ts";
import type { CaptureCounts, CaptureOrder } from "../../capture/mod.ts";
import type { Config } from "../../config/parsed.ts";
import type { SharedClientMemory } from "../../limits/mod.ts";
import type { CountersSnapshot } from "../../metrics/mod.ts";
import type { Confinement, SocketHandle } from "../../net/mod.ts";
import type { TargetState } from "../../pool/mod.ts";
import type { Retirement, SocketFileChange } from "../../proxy/mod.ts";
import type { EndingReason, SessionFilter, SessionPage, SessionQuery } from "../../session/mod.ts";
import type { NextTlsFiles, PoolRef, RuntimeFaults, TargetRef, TlsFiles } from "../../app/mod.ts";

/** A message to a worker. */
export type ToWorker =
  | StartMessage
  /** All workers have bound their listeners: accept. */
  | { readonly kind: "accept" }
  | { readonly kind: "targets"; readonly pool: PoolRef; readonly targets: readonly TargetRecord[] }
  | { readonly kind: "report_sessions"; readonly sessions: SessionsReported }
  | { readonly kind: "ask"; readonly id: number; readonly question: Question }
  /** Begin a capture: `capture_begun` answers, or `capture_ended` where the session is not in this worker. */
  | { readonly kind: "capture"; readonly order: CaptureOrder }
  | { readonly kind: "capture_end"; readonly capture: number }
  | NameAnswer
  /** `others`: addresses whose sockets another process accepts on; absent where none does. */
  | { readonly kind: "drain"; readonly timeoutMs: number; readonly others?: readonly string[] }
  | { readonly kind: "stop" };

/** A message from a worker. */
export type FromWorker =
  /** Its module has loaded. */
  | { readonly kind: "loaded" }
  /** Its listeners are bound; messages after this one name them by their index. */
  | {
    readonly kind: "bound";
    readonly listeners: readonly { app: string; address: Address }[];
    /** How the kernel confines it; `undefined` where it does not. */
    readonly confinement: Confinement | undefined;
  }
  /** What are the addresses of this name? `name_answer` answers. A confined worker cannot look them up itself. */
  | { readonly kind: "name"; readonly id: number; readonly name: string }
  /** It cannot start, for a reason that the operator must fix. */
  | { readonly kind: "failed"; readonly message: string }
  /** What it has counted since it began. */
  | { readonly kind: "counters"; readonly counters: CountersSnapshot }
  /** Sessions, as `joinSessions` has joined them. */
  | { readonly kind: "sessions"; readonly sessions: string }
  | Answer
  | { readonly kind: "report"; readonly target: TargetRef; readonly outcome: "succeeded" | "failed" }
  | { readonly kind: "accept_paused"; readonly listener: number; readonly error: ErrorRecord }
  | { readonly kind: "accept_resumed"; readonly listener: number; readonly pausedMs: number }
  | { readonly kind: "dial_starved"; readonly app: string; readonly error: ErrorRecord }
  | { readonly kind: "leads_back"; readonly app: string; readonly target: string; readonly way: string }
  | {
    readonly kind: "socket_file";
    readonly app: string;
    readonly path: string;
    readonly change: SocketFileChange;
  }
  | { readonly kind: "capture_begun"; readonly capture: number }
  /** Whole blocks of a capture, which may be none; the buffer is transferred. */
  | {
    readonly kind: "capture_packets";
    readonly capture: number;
    readonly blocks: Uint8Array<ArrayBuffer>;
    readonly counts: CaptureCounts;
  }
  /** Nothing of this capture follows. */
  | { readonly kind: "capture_ended"; readonly capture: number }
  | { readonly kind: "draining"; readonly leftMs: number }
  | { readonly kind: "defect"; readonly error: ErrorRecord }
  /** No session is left and every message has been sent. */
  | { readonly kind: "ended" };

/** The questions that workers answer: by kind, the fields of the question and the value of the answer. */
export interface WorkerQuestions {
  /** The files of some apps have changed: prepare their new contents. `reload` is the number of the reload. */
  prepare: {
    readonly ask: { readonly reload: number; readonly changed: readonly NextTlsFiles[] };
    readonly answer: undefined;
  };
  /** All workers have prepared: use it from now on. */
  use: { readonly ask: { readonly reload: number }; readonly answer: undefined };
  /** What has it counted? It answers when it has sent a `counters` message. */
  counters: { readonly ask: unknown; readonly answer: undefined };
  /** Does every listener accept? */
  alive: { readonly ask: unknown; readonly answer: boolean };
  /** Workers with another config take over: stop accepting, confirm it, and end when no session is left. */
  retire: { readonly ask: Retirement; readonly answer: undefined };
  /** Answered when all that was sent before has been taken over. */
  sync: { readonly ask: Readonly<Record<never, never>>; readonly answer: undefined };
  /** Which sessions are there? */
  sessions: { readonly ask: { readonly query: SessionQuery }; readonly answer: SessionPage };
  /** End sessions; answered by how many. */
  endSessions: {
    readonly ask: { readonly filter: SessionFilter; readonly why: EndingReason };
    readonly answer: number;
  };
  /** An operator pauses an app, or lets it go on. */
  pause: { readonly ask: { readonly app: string; readonly isPaused: boolean }; readonly answer: undefined };
  /** An operator replaces the faults set at run time; `undefined` for none. */
  faults: {
    readonly ask: { readonly app: string; readonly faults: RuntimeFaults | undefined };
    readonly answer: undefined;
  };
}

export type QuestionKind = keyof WorkerQuestions;

/** A question of one of these kinds. */
export type Question<Kind extends QuestionKind = QuestionKind> = {
  [Each in Kind]: { readonly kind: Each } & WorkerQuestions[Each]["ask"];
}[Kind];

/** The value of the answer to questions of one of these kinds. */
export type AnswerValue<Kind extends QuestionKind = QuestionKind> = WorkerQuestions[Kind]["answer"];

/** The reply to the question with this id: its value, or why it failed. */
export interface Answer {
  readonly kind: "answer";
  readonly id: number;
  readonly value: AnswerValue;
  readonly problem: string | undefined;
}

/** The answer to the question about a name with this id. */
export interface NameAnswer {
  readonly kind: "name_answer";
  readonly id: number;
  readonly addresses: readonly string[];
  /** Why there is no answer. */
  readonly error: ErrorRecord | undefined;
}

/** What a worker needs for sockets by the kernel's own calls. */
export interface NativeSockets {
  /** The control plane's listening sockets, by address. */
  readonly handles: ReadonlyMap<string, SocketHandle>;
  /** Where it notes its descriptors; the control plane closes them when it dies. */
  readonly descriptors: SharedArrayBuffer;
}

export interface StartMessage {
  readonly kind: "start";
  /** This worker's number in its generation, from 0. */
  readonly worker: number;
  /** Its share of the limits' memory; no other worker of any generation has the same. */
  readonly share: number;
  readonly config: Config;
  /** By app name. */
  readonly apps: ReadonlyMap<string, AppRecord>;
  readonly memory: CommonMemory;
  /** The time on the clock that all workers share. */
  readonly nowMs: number;
  /** When the proxy started, on that clock. */
  readonly startedMs: number;
  /** Whether this worker has the listeners that only one worker can have. */
  readonly hasUnixListeners: boolean;
  /** By path, the names that unix sockets are bound to, where the control plane puts their files in place. */
  readonly unixNames: ReadonlyMap<string, string>;
  readonly sessions: SessionsReported;
  /** The captures that run. */
  readonly captures: readonly CaptureOrder[];
  /** `undefined` for the runtime's sockets. */
  readonly native: NativeSockets | undefined;
}

/** Which ended sessions a worker reports: all, or only those that the operational log may mention. */
export type SessionsReported = "all" | "notable";

/** The state of an app besides its config. */
export interface AppRecord {
  readonly tlsFiles: TlsFiles;
  readonly memory: AppMemory;
  /** By pool key. */
  readonly pools: ReadonlyMap<string, readonly TargetRecord[]>;
  /** When the config's faults came into effect, on the clock that all workers share. */
  readonly faultsSinceMs: number;
  /** Faults that the admin API has set. */
  readonly runtimeFaults: RuntimeFaults | undefined;
  readonly isPaused: boolean;
}

/** A target's state with the memory of its places, where connections are limited. */
export interface TargetRecord extends TargetState {
  readonly places: SharedArrayBuffer | undefined;
}

/** The memory that all workers of a generation share whatever the config says. */
export interface CommonMemory {
  /** The number of the last session, of all generations. */
  readonly ids: SharedArrayBuffer;
  /** The sessions that have not ended. */
  readonly active: SharedArrayBuffer;
  /** The memory of {@link AcceptBalancer}. */
  readonly turns: SharedArrayBuffer;
  /** How many dials wait for a file descriptor. */
  readonly starved: SharedArrayBuffer;
  /** How many of these have gone on. */
  readonly starvedMoves: SharedArrayBuffer;
  /** The connections from this proxy to its own listeners. */
  readonly crossings: SharedArrayBuffer;
}

/** The memory of an app's limits; `undefined` where there is no limit. */
export interface AppMemory {
  readonly places: SharedArrayBuffer | undefined;
  readonly rate: SharedArrayBuffer | undefined;
  readonly clients: SharedClientMemory | undefined;
  /** The number of draws of each fault, 32 bits each. */
  readonly faults: SharedArrayBuffer | undefined;
}

/** An error as plain data; its class and other properties stay in the thread that threw it. */
export interface ErrorRecord {
  readonly message: string;
  readonly code: string;
  readonly stack: string | undefined;
}
