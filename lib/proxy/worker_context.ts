import type { PoolRef, TargetRef, WorkerAppContext } from "../app/mod.ts";
import type { SharedFdPressure } from "../dial/mod.ts";
import type { TargetState } from "../pool/mod.ts";
import type { LocalOperations } from "./local/local_operations.ts";
import type { ListenerInfo } from "./status/runtime_snapshot.ts";

/**
 * What a proxy is given that is one of several over the same config, each in a thread of its own: what they share, and
 * what another thread knows for all of them. Its own are the connections that it accepts.
 */
export interface WorkerContext {
  /** By name. */
  readonly apps: ReadonlyMap<string, WorkerAppContext>;
  /** When all of them began, whenever this one did; on the clock that they share. */
  readonly startedMs: number;
  /** The thread's name in metrics. */
  readonly thread: string;
  /** Whether this one has the sockets that only one thread can have: those of the file system. */
  readonly hasUnixListeners: boolean;
  /** By path, the names to bind them to, where the control plane puts their files in place. */
  readonly unixNames: ReadonlyMap<string, string>;
  /** Counts a session that begins, and gives it a number that no session of any thread has. */
  beginSession(): number;
  /** Counts the dials of all threads that lack a file descriptor. */
  readonly starved: SharedFdPressure;
  /** The connections of all threads from one own listener to another. */
  readonly crossings: { readonly memory: SharedArrayBuffer; readonly worker: number };
  /** Lets other threads go first, where this one has more sessions than they. */
  turn(): Promise<void> | undefined;
  /** Called with what was bound; resolves when all threads have bound their listeners. */
  mayAccept(bound: BoundProxy): Promise<void>;
  /** Reports the outcome of a connection to a target to the control plane. */
  report(target: TargetRef, outcome: "succeeded" | "failed"): void;
}

/** A proxy that has bound its listeners and accepts nothing yet: it can be given already what is known. */
export interface BoundProxy {
  listeners(): readonly ListenerInfo[];
  /** Takes over what the control plane knows of the targets of one pool. */
  follow(place: PoolRef, states: readonly TargetState[]): void;
  readonly operations: Pick<LocalOperations, "setPaused" | "useFaults">;
}
