import type { ClientLimiter, Permits, Rate } from "../limits/mod.ts";
import type { TargetState } from "../pool/mod.ts";
import type { DrawCounter } from "../relay/mod.ts";
import type { AppOverrides } from "./overrides.ts";
import type { TlsFiles } from "./tls/tls_files.ts";

/** The state that an app in a worker shares with other workers or gets from the control plane. */
export interface WorkerAppContext {
  readonly tlsFiles: TlsFiles;
  /** For `max_connections`; `undefined` for no limit. */
  readonly places: Permits | undefined;
  /** For `accept_rate`; `undefined` for no limit. */
  readonly rate: Rate | undefined;
  /** For the limits of each client; `undefined` for none. */
  readonly clients: ClientLimiter | undefined;
  /** Counts the draws of each fault; `undefined` for no faults. */
  readonly faultCounter: DrawCounter | undefined;
  /** When the config's faults came into effect, on the clock that the threads share. */
  readonly faultsSinceMs: number;
  /** What operators have set, except for targets: their states have that. */
  readonly overrides: AppOverrides;
  /** The state of each pool's targets, by pool key. */
  readonly pools: ReadonlyMap<string, readonly TargetState[]>;
}

/** A reference to a pool: app name and pool key. Both are stable over reloads. */
export interface PoolRef {
  readonly app: string;
  readonly pool: string;
}

/** A reference to a target. The list may have changed meanwhile, so the index is a hint and the label decides. */
export interface TargetRef extends PoolRef {
  readonly index: number;
  readonly label: string;
}
