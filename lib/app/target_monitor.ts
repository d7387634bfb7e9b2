import { formatAddress, type Random, type TcpAddress } from "../base/mod.ts";
import type { AppConfig, TargetConfig } from "../config/mod.ts";
import { isUnspecified, type OwnListeners } from "../dial/mod.ts";
import {
  type DiscoveredTarget,
  Discovery,
  type DiscoverySource,
  dnsResolver,
  type TargetSpec,
} from "../pool/mod.ts";
import type { Prepared } from "./prepared.ts";
import { targetSpec } from "./target_spec.ts";

/** The events of discovery. */
export interface MonitorObserver {
  /** Discovery of a name fails, and the targets of the last good answer are kept; once an episode. */
  discoveryFailing(app: string, name: string, what: { error: string; kept: number }): void;
  discoveryRecovered(app: string, name: string): void;
  /** An answer about a discovered name is left out, for it cannot be a target; once while it comes. */
  discoveryLeftOut(app: string, name: string, what: { address: string; why: string }): void;
}

export interface MonitorOptions {
  readonly random: Random;
  readonly observer: MonitorObserver;
  /** Those of the whole proxy. */
  readonly listeners: OwnListeners;
  /** Called after {@link TargetMonitor.specs} has changed. */
  onChange(): void;
}

/** How long to wait for the first answers of discovery; a name that cannot be resolved must not stop the rest. */
const FIRST_ANSWER_MS = 3000;

/** An entry of the config, and what finds its targets where they are not those that it names. */
interface Entry {
  readonly target: TargetConfig;
  readonly discovery: Discovery | undefined;
  /** What the discovery goes by; entries with the same key share none of their own state but this. */
  readonly key: string;
}

/** Knows which targets one pool has: those that its entries name, and those that discovery finds. */
export class TargetMonitor {
  readonly #options: MonitorOptions;
  #config: AppConfig;
  #entries: readonly Entry[];
  readonly #stopping = new Set<Promise<void>>();
  /** The answers of each discovery that cannot be targets, with why. */
  readonly #leftOut = new WeakMap<Discovery, ReadonlyMap<string, string>>();

  constructor(config: AppConfig, targets: readonly TargetConfig[], options: MonitorOptions) {
    this.#options = options;
    this.#config = config;
    this.#entries = targets.map((target) => this.#entry(target, config));
  }

  /** Begins discovery; resolves when each has had its first answer, or after 3 s. */
  async start(): Promise<void> {
    await firstAnswers(this.#entries);
  }

  /**
   * Gets ready for other entries. Discoveries that stay go on with what they know, new ones have had their first answer,
   * or 3 s for it, when this resolves.
   */
  async prepare(config: AppConfig, targets: readonly TargetConfig[]): Promise<Prepared> {
    const left = [...this.#entries];
    const added: Entry[] = [];
    const entries = targets.map((target): Entry => {
      const key = discoveryKey(target, config);
      const at = left.findIndex((entry) => entry.discovery !== undefined && entry.key === key);
      const [kept] = at < 0 ? [] : left.splice(at, 1);
      if (kept !== undefined) return { ...kept, target };
      const entry = this.#entry(target, config);
      added.push(entry);
      return entry;
    });
    await firstAnswers(added);
    return {
      commit: (): void => {
        this.#config = config;
        this.#entries = entries;
        for (const { discovery } of left) this.#end(discovery);
      },
      discard: async (): Promise<void> => {
        await Promise.all(added.map(({ discovery }) => discovery?.stop()));
      },
    };
  }

  /** The targets of this moment. */
  specs(): TargetSpec[] {
    return this.#entries.flatMap(({ target, discovery }): TargetSpec[] => {
      const spec = targetSpec(target, this.#config);
      if (discovery === undefined) return target.discover === undefined ? [spec] : [];
      return this.#usable(target, discovery).map(({ address, name, backupTier, weight }) => ({
        ...spec,
        address,
        serverName: name,
        label: formatAddress(address),
        // Of SRV records, each has a weight of its own; addresses of one name share that of the entry.
        weight: target.discover === "srv" ? weight : target.weight,
        tier: (spec.tier ?? 0) + backupTier,
      }));
    });
  }

  /** The labels of discovered targets, each with the entry of the config that found it; not those that the config names. */
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

  /** Ends discovery; resolves when nothing of it is left. */
  async stop(): Promise<void> {
    await Promise.all([...this.#entries.map(({ discovery }) => discovery?.stop()), ...this.#stopping]);
  }

  /** The answers that can be targets; of each of the others it is said once, while it comes, why it is left out. */
  #usable(entry: TargetConfig, discovery: Discovery): DiscoveredTarget[] {
    const { targets } = discovery.state;
    const leftOut = new Map<string, string>();
    for (const { address } of targets) {
      const why = this.#whyNot(address);
      if (why !== undefined) leftOut.set(formatAddress(address), why);
    }
    const before = this.#leftOut.get(discovery);
    for (const [address, why] of leftOut) {
      if (before?.get(address) === why) continue;
      this.#options.observer.discoveryLeftOut(this.#config.name, entry.label, { address, why });
    }
    this.#leftOut.set(discovery, leftOut);
    return leftOut.size === 0
      ? [...targets]
      : targets.filter(({ address }) => !leftOut.has(formatAddress(address)));
  }

  #whyNot(address: TcpAddress): string | undefined {
    if (isUnspecified(address.host)) return "it is the unspecified address, which leads to this machine";
    const own = this.#options.listeners.certainAt(address);
    if (own?.app !== this.#config.name) return undefined;
    return `it leads to the app's own listener ${formatAddress(own.address)}`;
  }

  #end(discovery: Discovery | undefined): void {
    if (discovery === undefined) return;
    const stopping = discovery.stop().finally(() => this.#stopping.delete(stopping));
    this.#stopping.add(stopping);
  }

  #entry(target: TargetConfig, config: AppConfig): Entry {
    return { target, key: discoveryKey(target, config), discovery: this.#discover(target, config) };
  }

  #discover(target: TargetConfig, { name: app, dns }: AppConfig): Discovery | undefined {
    const source = sourceOf(target);
    if (source === undefined) return undefined;
    const { random, observer } = this.#options;
    const { nameserver, intervalMs } = dns;
    const discovery: Discovery = new Discovery(source, {
      intervalMs,
      random,
      resolver: dnsResolver(nameserver === undefined ? {} : { nameserver }),
      observer: {
        changed: () => {
          if (this.#entries.some((entry) => entry.discovery === discovery)) this.#options.onChange();
        },
        failing: (error) =>
          observer.discoveryFailing(app, target.label, { error, kept: discovery.state.targets.length }),
        recovered: () => observer.discoveryRecovered(app, target.label),
      },
    });
    return discovery;
  }
}

async function firstAnswers(entries: readonly Entry[]): Promise<void> {
  await Promise.all(entries.map(({ discovery }) => discovery?.start(FIRST_ANSWER_MS)));
}

function discoveryKey(
  { label, discover }: TargetConfig,
  { dns: { nameserver, intervalMs } }: AppConfig,
): string {
  return JSON.stringify([label, discover, nameserver, String(intervalMs)]);
}

function sourceOf({ address, discover }: TargetConfig): DiscoverySource | undefined {
  if (discover === undefined || address.kind !== "tcp") return undefined;
  return discover === "dns"
    ? { kind: "dns", host: address.host, port: address.port }
    : { kind: "srv", name: address.host };
}
