import type { StarvedCount } from "../dial/mod.ts";
import type { ClientLimiter, Places, Rate } from "../limits/mod.ts";
import type { TargetState } from "../pool/mod.ts";
import type { DrawCounter } from "../relay/mod.ts";
import type { ListenerInfo } from "./control.ts";
import type { AppMaterials } from "./materials.ts";

/**
 * What a proxy is given that is one of several over the same config, each in a thread of its own: what they share, and
 * what another thread knows for all of them. Its own are the connections that it accepts.
 */
export interface Following {
  /** In the order of the config. */
  readonly apps: readonly FollowedApp[];
  /** When all of them began, whenever this one did; on the clock that they share. */
  readonly startedMs: number;
  /** Whether this one has the sockets that only one thread can have: those of the file system. */
  readonly hasUnixListeners: boolean;
  /** Counts a session that begins, and gives it a number that no session of any thread has. */
  beginSession(): number;
  /** Counts the dials of all threads that lack a file descriptor. */
  readonly starved: StarvedCount;
  /** Lets other threads go first, where this one has more sessions than they. */
  turn(): Promise<void> | undefined;
  /** Is told what was bound; resolves when all threads have bound their listeners. */
  mayAccept(bound: BoundProxy): Promise<void>;
  /** Passes on how a connection to a target went, to whoever judges for all. */
  report(target: FollowedTarget, outcome: "succeeded" | "failed"): void;
}

/** A proxy that has bound its listeners and accepts nothing yet: it can be told already what is known. */
export interface BoundProxy {
  listeners(): readonly ListenerInfo[];
  /** Takes over what the leader of all threads knows of the targets of one pool. */
  follow(place: PoolPlace, states: readonly TargetState[]): void;
}

/** One app's part of it. */
export interface FollowedApp {
  readonly materials: AppMaterials;
  /** For `max_connections`; `undefined` for no limit. */
  readonly places: Places | undefined;
  /** For `accept_rate`; `undefined` for no limit. */
  readonly rate: Rate | undefined;
  /** For the limits of each client; `undefined` for none. */
  readonly clients: ClientLimiter | undefined;
  /** Counts what each fault is drawn for; `undefined` for no faults. */
  readonly faultCounter: DrawCounter | undefined;
  /** What is known of the targets: of the app's own, where it has any, and of each route's. */
  readonly pools: readonly (readonly TargetState[])[];
}

/** Which pool, by its place in the config. */
export interface PoolPlace {
  readonly app: number;
  readonly pool: number;
}

/** Which target. The list of targets may have changed meanwhile, so the index is a hint and the label decides. */
export interface FollowedTarget extends PoolPlace {
  readonly index: number;
  readonly label: string;
}
