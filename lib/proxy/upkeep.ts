import { type Address, formatAddress, type Random, type TargetAddress } from "../base/mod.ts";
import type { AppConfig, HealthCheckConfig, TargetConfig } from "../config/mod.ts";
import { encodeProxyHeader } from "../dial/mod.ts";
import {
  Checker,
  Discovery,
  type DiscoverySource,
  dnsResolver,
  parseCheckBytes,
  parseExpect,
  parseStatus,
  type Pool,
  Probe,
  type Prober,
  type TargetSpec,
} from "../pool/mod.ts";
import { specOf } from "./specs.ts";
import type { AppTls } from "./tls.ts";

/** What an upkeep tells beside what its pool does. */
export interface UpkeepObserver {
  /** Answers about a discovered name fail to come, and the last good ones are kept; once an episode. */
  discoveryFailing(app: string, name: string, error: string): void;
  discoveryRecovered(app: string, name: string): void;
}

export interface UpkeepOptions {
  readonly tls: AppTls;
  readonly random: Random;
  readonly observer: UpkeepObserver;
}

/** How long the start waits for the first answers of discovery; a name that cannot be resolved must not stop the rest. */
const FIRST_ANSWER_MS = 3000;

/** What keeps one pool true: discovery says which targets there are, active checks which of them are up. */
export class Upkeep {
  readonly #pool: Pool;
  readonly #config: AppConfig;
  readonly #entries: readonly { readonly target: TargetConfig; readonly discovery: Discovery | undefined }[];
  readonly #checker: Checker | undefined;

  constructor(
    pool: Pool,
    parts: { targets: readonly TargetConfig[]; config: AppConfig },
    options: UpkeepOptions,
  ) {
    const { config } = parts;
    this.#pool = pool;
    this.#config = config;
    this.#entries = parts.targets.map((target) => ({ target, discovery: this.#discover(target, options) }));
    this.#checker = config.healthCheck === undefined ? undefined : this.#check(config.healthCheck, options);
  }

  /** Begins; resolves when each discovery has had its first answer, or after 3 s. */
  async start(): Promise<void> {
    this.#checker?.setTargets(this.#pool.targets.map((target) => target.address));
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
    await Promise.all([this.#checker?.stop(), ...this.#entries.map(({ discovery }) => discovery?.stop())]);
  }

  #discover(target: TargetConfig, { random, observer }: UpkeepOptions): Discovery | undefined {
    const source = sourceOf(target);
    if (source === undefined) return undefined;
    const { nameserver, intervalMs } = this.#config.dns;
    const app = this.#config.name;
    return new Discovery(source, {
      intervalMs,
      random,
      resolver: dnsResolver(nameserver === undefined ? {} : { nameserver }),
      observer: {
        changed: () => this.#update(),
        failing: (error) => observer.discoveryFailing(app, target.label, error),
        recovered: () => observer.discoveryRecovered(app, target.label),
      },
    });
  }

  #update(): void {
    this.#pool.update(this.#entries.flatMap(({ target, discovery }): TargetSpec[] => {
      const spec = specOf(target, this.#config);
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
    this.#checker?.setTargets(this.#pool.targets.map((target) => target.address));
  }

  #check(check: HealthCheckConfig, { tls, random }: UpkeepOptions): Checker {
    const set = (label: string, up: boolean, detail: string): void => {
      for (const target of this.#pool.targets) {
        if (formatAddress(target.address) === label) this.#pool.setUp(target, up, detail);
      }
    };
    return new Checker({
      prober: this.#prober(check, tls),
      intervalMs: check.intervalMs,
      rise: check.rise,
      fall: check.fall,
      random,
      ...(check.port === undefined ? {} : { port: check.port }),
      observer: {
        wentUp: (label) => set(label, true, "checks succeed"),
        wentDown: (label, why) => set(label, false, why),
      },
    });
  }

  /** Checks of a target's own port begin with the header that its sessions begin with; another port is another service. */
  #prober(check: HealthCheckConfig, tls: AppTls): Prober {
    const common = {
      timeoutMs: check.timeoutMs,
      ...(check.send === undefined ? {} : { send: parseCheckBytes(check.send) }),
      ...(check.expect === undefined ? {} : { expect: parseExpect(check.expect) }),
    };
    const http = check.http && { path: check.http.path, status: parseStatus(check.http.status) };
    return {
      run: (address: Address, signal: AbortSignal) => {
        const target = this.#pool.targets.find((each) => isCheckedAt(each.address, address, check.port));
        const serverName = target?.serverName;
        const header = check.port === undefined ? target?.sendProxy : undefined;
        const host = check.http?.host ?? (serverName && hostField(serverName, address));
        return new Probe({
          ...common,
          ...(http === undefined ? {} : { http: host === undefined ? http : { ...http, host } }),
          ...(header === undefined
            ? {}
            : { preface: encodeProxyHeader(header, { source: undefined, destination: undefined }) }),
          ...(check.tls
            ? { secure: (raw, inner) => tls.secureProbe(raw, { address, serverName }, inner) }
            : {}),
        }).run(address, signal);
      },
    };
  }
}

/** Whether a check at `at` is one of the target, where checks have a port of their own or not. */
function isCheckedAt(target: TargetAddress, at: Address, port: number | undefined): boolean {
  if (port === undefined || target.kind === "unix" || at.kind === "unix") {
    return formatAddress(target) === formatAddress(at);
  }
  return target.host === at.host;
}

/** The `Host` field for a target that was found by its name. */
function hostField(name: string, address: Address): string {
  return address.kind === "tcp" ? formatAddress({ ...address, host: name }) : name;
}

function sourceOf({ address, discover }: TargetConfig): DiscoverySource | undefined {
  if (discover === undefined || address.kind !== "tcp") return undefined;
  return discover === "dns"
    ? { kind: "dns", host: address.host, port: address.port }
    : { kind: "srv", name: address.host };
}
