import { formatAddress, type Random } from "../../base/mod.ts";
import type { AppConfig, TargetConfig } from "../../config/parsed.ts";
import type { OwnListeners } from "../../dial/mod.ts";
import { type DiscoveredTarget, Discovery, dnsResolver, type TargetSpec } from "../../pool/mod.ts";
import type { AppTally } from "../app_tally.ts";
import { DiscoveredTargets } from "./discovered_targets.ts";
import { sourceKey, sourceOf } from "./discovery_sources.ts";
import type { Prepared } from "../prepared.ts";
import { targetSpec } from "./target_spec.ts";

/** What discovery knows of one target entry. */
export interface EntryAnswer {
  readonly name: string;
  readonly kind: string;
  /** The addresses found, as text. */
  readonly targets: readonly string[];
  /** When the last good answer came, in milliseconds since the Unix epoch; `undefined` before the first. */
  readonly answeredAtMs: number | undefined;
  /** Why lookups are failing; `undefined` while they succeed. */
  readonly error: string | undefined;
}

/** The events of discovery. */
export interface MonitorObserver {
  /** Discovery of a name is failing, and the targets of the last good answer stay; called once per episode. */
  discoveryFailing(app: string, name: string, what: { error: string; kept: number }): void;
  discoveryRecovered(app: string, name: string): void;
  /** A discovered address is ignored because it cannot be a target; called once while it appears. */
  discoveryLeftOut(app: string, name: string, what: { address: string; why: string }): void;
}

export interface MonitorOptions {
  readonly random: Random;
  readonly observer: MonitorObserver;
  readonly tally: Pick<AppTally, "discovered">;
  /** The listeners of the whole proxy. */
  readonly listeners: OwnListeners;
  /** Called after {@link TargetMonitor.specs} has changed. */
  onChange(): void;
}

/** How long to wait for first answers; a name that cannot be resolved must not hold up the rest. */
const FIRST_ANSWER_MS = 3000;

/** A target entry of the config, with its discovery if it has one. */
interface Entry {
  readonly target: TargetConfig;
  readonly discovery: Discovery | undefined;
  /** Identifies the discovery's settings, so that a reload can keep a discovery whose settings are unchanged. */
  readonly key: string;
}

/** Supplies the targets of one pool: those that its entries name and those that discovery finds. */
export class TargetMonitor {
  readonly #options: MonitorOptions;
  #config: AppConfig;
  #entries: readonly Entry[];
  readonly #stopping = new Set<Promise<void>>();
  /** The ignored addresses of each discovery, with the reason. */
  readonly #leftOut = new WeakMap<Discovery, ReadonlyMap<string, string>>();

  constructor(config: AppConfig, targets: readonly TargetConfig[], options: MonitorOptions) {
    this.#options = options;
    this.#config = config;
    this.#entries = targets.map((target) => this.#entry(target, config));
  }

  /** Starts discovery; resolves when each has its first answer, or after 3 s. */
  async start(): Promise<void> {
    await firstAnswers(this.#entries);
  }

  /**
   * Prepares other entries. Unchanged discoveries keep what they know; new ones have their first answer, or have
   * waited 3 s for it, when this resolves.
   */
  async prepare(config: AppConfig, targets: readonly TargetConfig[]): Promise<Prepared> {
    const left = [...this.#entries];
    const added: Entry[] = [];
    const entries = targets.map((target): Entry => {
      const key = sourceKey(target, config);
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

  /** Returns the current targets. */
  specs(): TargetSpec[] {
    return this.#entries.flatMap(({ target, discovery }): TargetSpec[] => {
      const spec = targetSpec(target, this.#config);
      if (discovery === undefined) return target.discover === undefined ? [spec] : [];
      return this.#usable(target, discovery).map(({ address, name, backupTier, weight }) => ({
        ...spec,
        address,
        serverName: name,
        label: formatAddress(address),
        weight: weight ?? target.weight,
        tier: (spec.tier ?? 0) + backupTier,
      }));
    });
  }

  /**
   * Returns the labels of discovered targets with the entries that found them, without those that the config names
   * itself.
   */
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

  /** Returns what discovery knows of each entry that it looks up. */
  answers(): EntryAnswer[] {
    return this.#entries.flatMap(({ target, discovery }) => {
      if (discovery === undefined || target.discover === undefined) return [];
      const { targets, answeredAtMs, error } = discovery.state;
      return {
        name: target.label,
        kind: target.discover,
        targets: targets.map(({ address }) => formatAddress(address)),
        answeredAtMs,
        error,
      };
    });
  }

  /** Returns the discovered entries that have no target at the moment. */
  emptyEntries(): string[] {
    return this.#entries.flatMap(({ target, discovery }) =>
      discovery !== undefined && discovery.state.targets.length === 0 ? [target.label] : []
    );
  }

  /** Stops discovery; resolves when nothing is left running. */
  async stop(): Promise<void> {
    await Promise.all([...this.#entries.map(({ discovery }) => discovery?.stop()), ...this.#stopping]);
  }

  /** Returns the addresses that can be targets, and reports each ignored one once while it appears. */
  #usable(entry: TargetConfig, discovery: Discovery): DiscoveredTarget[] {
    const { targets } = discovery.state;
    const leftOut = new Map<string, string>();
    const rules = new DiscoveredTargets(this.#config, this.#options.listeners);
    for (const { address } of targets) {
      const why = rules.whyNot(address);
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

  #end(discovery: Discovery | undefined): void {
    if (discovery === undefined) return;
    const stopping = discovery.stop().finally(() => this.#stopping.delete(stopping));
    this.#stopping.add(stopping);
  }

  #entry(target: TargetConfig, config: AppConfig): Entry {
    return { target, key: sourceKey(target, config), discovery: this.#discover(target, config) };
  }

  #discover(target: TargetConfig, config: AppConfig): Discovery | undefined {
    const found = sourceOf(target, config);
    if (found === undefined) return undefined;
    const { random, observer, tally } = this.#options;
    const { name: app, dns: { nameserver } } = config;
    const { source, ...timing } = found;
    const discovery: Discovery = new Discovery(source, {
      ...timing,
      random,
      resolver: dnsResolver(nameserver === undefined ? {} : { nameserver }),
      observer: {
        changed: () => {
          if (this.#entries.some((entry) => entry.discovery === discovery)) this.#options.onChange();
        },
        failing: (error) =>
          observer.discoveryFailing(app, target.label, { error, kept: discovery.state.targets.length }),
        answered: (isGood) => tally.discovered(isGood),
        recovered: () => observer.discoveryRecovered(app, target.label),
      },
    });
    return discovery;
  }
}

async function firstAnswers(entries: readonly Entry[]): Promise<void> {
  await Promise.all(entries.map(({ discovery }) => discovery?.start(FIRST_ANSWER_MS)));
}
