import { formatAddress, type Random } from "../base/mod.ts";
import type { AppConfig, TargetConfig } from "../config/mod.ts";
import { Discovery, type DiscoverySource, dnsResolver, type Pool, type TargetSpec } from "../pool/mod.ts";
import { HealthChecks } from "./health_checks.ts";
import type { AppPools } from "./pools.ts";
import { targetSpec } from "./target_spec.ts";
import type { AppTls } from "./tls.ts";

/** What a monitor tells beside what its pool does. */
export interface MonitorObserver {
  /** Answers about a discovered name fail to come, and the targets of the last good one are kept; once an episode. */
  discoveryFailing(app: string, name: string, what: { error: string; kept: number }): void;
  discoveryRecovered(app: string, name: string): void;
}

export interface MonitorOptions {
  readonly tls: AppTls;
  readonly random: Random;
  readonly observer: MonitorObserver;
}

/** What a monitor is made of beside its pool. */
interface MonitorParts {
  /** The entries of the config that the pool's targets come from. */
  readonly targets: readonly TargetConfig[];
  readonly config: AppConfig;
  readonly checks: HealthChecks | undefined;
}

/** How long the start waits for the first answers of discovery; a name that cannot be resolved must not stop the rest. */
const FIRST_ANSWER_MS = 3000;

/** What keeps the pools of one app true, in their order. */
export function monitorsOf(
  { all, sources }: Pick<AppPools, "all" | "sources">,
  config: AppConfig,
  options: MonitorOptions,
): TargetMonitor[] {
  const checks = config.healthCheck === undefined
    ? undefined
    : new HealthChecks(config.healthCheck, all, options);
  return all.map((pool, index) =>
    new TargetMonitor(pool, { targets: sources[index] ?? [], config, checks }, options)
  );
}

/** What keeps one pool true: discovery says which targets there are, active checks which of them are up. */
export class TargetMonitor {
  readonly #pool: Pool;
  readonly #config: AppConfig;
  readonly #entries: readonly { readonly target: TargetConfig; readonly discovery: Discovery | undefined }[];
  /** Those of the whole app. */
  readonly #checks: HealthChecks | undefined;

  constructor(pool: Pool, parts: MonitorParts, options: MonitorOptions) {
    this.#pool = pool;
    this.#config = parts.config;
    this.#checks = parts.checks;
    this.#entries = parts.targets.map((target) => ({ target, discovery: this.#discover(target, options) }));
  }

  /** Begins; resolves when each discovery has had its first answer, or after 3 s. */
  async start(): Promise<void> {
    this.#checks?.update();
    await Promise.all(this.#entries.map(({ discovery }) => discovery?.start(FIRST_ANSWER_MS)));
  }

  /** The labels of the targets that discovery has found, and by which entry of the config; not those that it names itself. */
  origins(): ReadonlyMap<string, string> {
    const origins = new Map<string, string>();
    for (const { target, discovery } of this.#entries) {
      for (const { address } of discovery?.state.targets ?? []) {
        origins.set(formatAddress(address), target.label);
      }
    }
    for (const { target, discovery } of this.#entries) {
      if (discovery === undefined) origins.delete(target.label);
    }
    return origins;
  }

  /** The entries by which discovery has no target at this moment. */
  emptyEntries(): string[] {
    return this.#entries.flatMap(({ target, discovery }) =>
      discovery !== undefined && discovery.state.targets.length === 0 ? [target.label] : []
    );
  }

  async stop(): Promise<void> {
    this.#pool.stop();
    await Promise.all([this.#checks?.stop(), ...this.#entries.map(({ discovery }) => discovery?.stop())]);
  }

  #discover(target: TargetConfig, { random, observer }: MonitorOptions): Discovery | undefined {
    const source = sourceOf(target);
    if (source === undefined) return undefined;
    const { nameserver, intervalMs } = this.#config.dns;
    const app = this.#config.name;
    const discovery: Discovery = new Discovery(source, {
      intervalMs,
      random,
      resolver: dnsResolver(nameserver === undefined ? {} : { nameserver }),
      observer: {
        changed: () => this.#update(),
        failing: (error) =>
          observer.discoveryFailing(app, target.label, { error, kept: discovery.state.targets.length }),
        recovered: () => observer.discoveryRecovered(app, target.label),
      },
    });
    return discovery;
  }

  #update(): void {
    this.#pool.update(this.#entries.flatMap(({ target, discovery }): TargetSpec[] => {
      const spec = targetSpec(target, this.#config);
      if (discovery === undefined) return [spec];
      return discovery.state.targets.map(({ address, name, backupTier, weight }) => ({
        ...spec,
        address,
        serverName: name,
        label: formatAddress(address),
        // Of SRV records, each has a weight of its own; addresses of one name share that of the entry.
        weight: target.discover === "srv" ? weight : target.weight,
        tier: (spec.tier ?? 0) + backupTier,
      }));
    }));
    this.#checks?.update();
  }
}

function sourceOf({ address, discover }: TargetConfig): DiscoverySource | undefined {
  if (discover === undefined || address.kind !== "tcp") return undefined;
  return discover === "dns"
    ? { kind: "dns", host: address.host, port: address.port }
    : { kind: "srv", name: address.host };
}
