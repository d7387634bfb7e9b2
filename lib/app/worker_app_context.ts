import type { ClientLimiter, Places, Rate } from "../limits/mod.ts";
import type { TargetState } from "../pool/mod.ts";
import type { DrawCounter } from "../relay/mod.ts";
import type { TlsFiles } from "./tls_files.ts";

/** What an app in a worker shares with the same app in other workers, and what the control plane knows for all of them. */
export interface WorkerAppContext {
  readonly tlsFiles: TlsFiles;
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
export interface PoolRef {
  readonly app: number;
  readonly pool: number;
}

/** Which target. The list of targets may have changed meanwhile, so the index is a hint and the label decides. */
export interface TargetRef extends PoolRef {
  readonly index: number;
  readonly label: string;
}
