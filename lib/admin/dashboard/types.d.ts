// deno-lint-ignore-file camelcase -- the keys of the API
/** The bodies of the admin API, as far as the dashboard reads them. */

export interface Spread {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

export interface Traffic {
  readonly connections: number;
  readonly bytes_up: number;
  readonly bytes_down: number;
  readonly ended: Readonly<Record<string, number>>;
  readonly dial_ms: Spread | null;
  readonly session_ms: Spread | null;
}

export interface TargetTraffic {
  readonly connections: number;
  readonly bytes_up: number;
  readonly bytes_down: number;
  readonly dials: { readonly connected: number; readonly failed: number };
  readonly dial_ms: Spread | null;
}

export interface Target {
  readonly address: string;
  readonly state: "up" | "down" | "ejected";
  readonly admin: "ready" | "drain" | "down";
  readonly detail: string | null;
  readonly since: string | null;
  readonly weight: number;
  readonly configured_weight: number;
  readonly current_weight: number;
  readonly backup: boolean;
  readonly connections: number | null;
  readonly max_connections: number | null;
  readonly discovered_by: string | null;
  readonly traffic: TargetTraffic;
}

export interface Fault extends Readonly<Record<string, unknown>> {
  readonly kind: string;
  readonly since: string;
  readonly expires_at: string | null;
  readonly source: "config" | "api";
}

export interface App {
  readonly name: string;
  readonly state: "accepting" | "paused";
  readonly listeners: readonly string[];
  readonly balance: string;
  readonly sessions: number | null;
  readonly max_connections: number | null;
  readonly traffic: Traffic;
  readonly faults: readonly Fault[];
  readonly targets: readonly Target[];
  readonly undiscovered: readonly string[];
  readonly routes: readonly {
    readonly route: string;
    readonly targets: readonly Target[];
    readonly undiscovered: readonly string[];
  }[];
}

export interface Status {
  readonly version: string;
  readonly started_at: string;
  readonly now: string;
  readonly state: "starting" | "ready" | "draining";
  readonly workers: number;
  readonly sessions: number;
  readonly config: {
    readonly path: string | null;
    readonly hash: string;
    readonly loaded_at: string;
    readonly last_reload: {
      readonly at: string;
      readonly result: "succeeded" | "failed";
      readonly trigger: string;
      readonly detail: string | null;
    } | null;
  };
  readonly traffic: Traffic;
  readonly apps: readonly App[];
}

export interface Session {
  readonly id: number;
  readonly app: string;
  readonly listener: string;
  readonly client: string;
  readonly target: string | null;
  readonly state: string;
  readonly sni: string | null;
  readonly started_at: string;
  readonly age_ms: number;
  readonly idle_ms: number;
  readonly bytes_up: number;
  readonly bytes_down: number;
  readonly connect_ms: number | null;
  readonly tries: number;
  readonly worker: number | null;
}

/** An answer for which several threads were asked. */
export interface Incomplete {
  /** Those that have not answered in time. */
  readonly incomplete?: readonly string[];
}

export interface Sessions {
  readonly total: number;
  readonly matched: number;
  readonly sessions: readonly Session[];
}

/** A session that has ended, as in the JSON access log. */
export interface Ending {
  readonly time: string;
  readonly id: number;
  readonly app: string;
  readonly listener: string;
  readonly client: string;
  readonly target: string | null;
  readonly reason: string;
  readonly bytes_up: number;
  readonly bytes_down: number;
  readonly duration_ms: number;
  readonly connect_ms: number | null;
  readonly tries: number;
  readonly sni: string | null;
  readonly detail?: string;
}

export interface LogLine {
  readonly time: string;
  readonly level: "debug" | "info" | "warning" | "error";
  readonly category: string;
  readonly message: string;
}

export interface OptionChange {
  readonly key: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

export interface Reload {
  readonly changes: {
    readonly settings: readonly OptionChange[];
    readonly apps: readonly {
      readonly name: string;
      readonly change: string;
      readonly sessions: number | null;
      readonly listeners: readonly { readonly address: string; readonly change: string }[];
      readonly targets: readonly {
        readonly address: string;
        readonly route: string | null;
        readonly change: string;
        readonly connections: number | null;
      }[];
      readonly options: readonly OptionChange[];
    }[];
  };
  readonly apps: readonly { readonly name: string; readonly files: readonly { readonly file: string }[] }[];
  readonly warnings: readonly ReloadProblem[];
}

export interface ReloadProblem {
  readonly app: string | null;
  readonly file: string | null;
  readonly message: string;
}

/** Traffic per second. */
export interface Rate {
  readonly connections: number;
  readonly up: number;
  readonly down: number;
  /** The mean of the dials since the last snapshot, in milliseconds; `null` without any. */
  readonly dial: number | null;
}
