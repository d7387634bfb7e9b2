import type { ClientLimiter, Permits, Rate } from "../limits/mod.ts";
import type { TargetState } from "../pool/mod.ts";
import type { DrawCounter } from "../relay/mod.ts";
import type { TlsFiles } from "./tls_files.ts";

/** What an app in a worker shares with the same app in other workers, and what the control plane knows for all of them. */
export interface WorkerAppContext {
  readonly tlsFiles: TlsFiles;
  /** For `max_connections`; `undefined` for no limit. */
  readonly places: Permits | undefined;
  /** For `accept_rate`; `undefined` for no limit. */
  readonly rate: Rate | undefined;
  /** For the limits of each client; `undefined` for none. */
  readonly clients: ClientLimiter | undefined;
  /** Counts what each fault is drawn for; `undefined` for no faults. */
  readonly faultCounter: DrawCounter | undefined;
  /** What is known of the targets of each pool, by its key. */
  readonly pools: ReadonlyMap<string, readonly TargetState[]>;
}

/** Names a pool: by the name of its app, and its key in it. Both stay over reloads. */
export interface PoolRef {
  readonly app: string;
  readonly pool: string;
}

/** Names a target. The list of targets may have changed meanwhile, so the index is a hint and the label decides. */
export interface TargetRef extends PoolRef {
  readonly index: number;
  readonly label: string;
}
