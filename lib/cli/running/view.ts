/** A proxy as its admin API shows it at one moment; `null` for what nobody knows, and for no limit. */
export interface ProxyView {
  readonly version: string;
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly state: string;
  readonly workers: number;
  readonly sessions: number;
  readonly config: ConfigView;
  readonly traffic: TrafficView;
  readonly apps: readonly AppView[];
}

/** The config in effect. */
export interface ConfigView {
  readonly path: string | null;
  readonly hash: string | null;
  readonly loadedAtMs: number | null;
  readonly lastReload: {
    readonly atMs: number | null;
    readonly isDone: boolean;
    readonly trigger: string;
    readonly detail: string | null;
  } | null;
}

export interface AppView extends PoolView {
  readonly name: string;
  readonly state: string;
  readonly listeners: readonly string[];
  readonly balance: string;
  readonly sessions: number | null;
  readonly maxConnections: number | null;
  readonly traffic: TrafficView;
  readonly faults: readonly FaultView[];
  readonly routes: readonly RouteView[];
}

export interface RouteView extends PoolView {
  readonly route: string;
}

export interface PoolView {
  readonly targets: readonly TargetView[];
  readonly undiscovered: readonly string[];
}

export interface TargetView {
  readonly address: string;
  /** As checks and connections find it. */
  readonly state: string;
  /** As an operator has set it. */
  readonly admin: string;
  readonly detail: string | null;
  readonly sinceMs: number | null;
  readonly weight: number;
  readonly configuredWeight: number;
  readonly currentWeight: number;
  readonly isBackup: boolean;
  readonly connections: number | null;
  readonly maxConnections: number | null;
  readonly discoveredBy: string | null;
  readonly traffic: TargetTrafficView;
}

export interface FaultView {
  readonly kind: string;
  /** What the config's form says beside the kind: `amount 100ms, jitter 20ms`. */
  readonly options: string;
  readonly source: string;
  readonly expiresAtMs: number | null;
}

/** What has passed since the start; `null` where the proxy does not count it. */
export interface TrafficView {
  readonly connections: number | null;
  readonly bytesUp: number | null;
  readonly bytesDown: number | null;
  readonly ended: Readonly<Record<string, number>>;
  readonly dialMs: SpreadView | null;
}

export interface TargetTrafficView {
  readonly connections: number | null;
  readonly bytesUp: number | null;
  readonly bytesDown: number | null;
  readonly dialsFailed: number | null;
  readonly dialMs: SpreadView | null;
}

export interface SpreadView {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** Some of the sessions. */
export interface SessionsView {
  readonly total: number;
  readonly matched: number;
  readonly sessions: readonly SessionView[];
}

export interface SessionView {
  readonly id: string;
  readonly app: string;
  readonly listener: string;
  readonly client: string;
  readonly target: string | null;
  readonly state: string;
  readonly sni: string | null;
  readonly startedAtMs: number | null;
  readonly ageMs: number;
  readonly idleMs: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly connectMs: number | null;
  readonly tries: number;
  readonly worker: number | null;
}

/** Returns all targets of an app, those of its routes too, each with its route. */
export function allTargets(app: AppView): { readonly route: string | null; readonly target: TargetView }[] {
  return poolsOf(app).flatMap(({ route, targets }) => targets.map((target) => ({ route, target })));
}

/** Returns an app's own targets and those of its routes. */
export function poolsOf(app: AppView): readonly (PoolView & { readonly route: string | null })[] {
  return [{ route: null, targets: app.targets, undiscovered: app.undiscovered }, ...app.routes];
}

/** Whether a target may take a connection. */
export function isUp({ state, admin }: TargetView): boolean {
  return state === "up" && admin === "ready";
}
