import { errorMessage } from "../../base/mod.ts";
import {
  resolveAddresses,
  type ResolveOptions,
  resolveServices,
  type ServiceRecord,
} from "../../dial/mod.ts";
import { srvTargets } from "./srv_targets.ts";
import type { Lookup, LookupAnswer } from "./lookup.ts";

/** The source of a target entry with `discover`. */
export type DiscoverySource =
  /** Every A and AAAA answer is a target on this port. */
  | { readonly kind: "dns"; readonly host: string; readonly port: number }
  /** Every address of every SRV record's name is a target on the record's port. */
  | { readonly kind: "srv"; readonly name: string };

/**
 * Resolves names for discovery. Both methods reject once the signal is aborted, and return an empty list for an
 * answer without records.
 */
export interface Resolver {
  addresses(name: string, signal: AbortSignal): Promise<readonly string[]>;
  services(name: string, signal: AbortSignal): Promise<readonly ServiceRecord[]>;
}

/** The DNS as a {@link Resolver}. */
export function dnsResolver(options: Omit<ResolveOptions, "signal"> = {}): Resolver {
  return {
    addresses: (name, signal) => resolveAddresses(name, { ...options, signal }),
    services: (name, signal) => resolveServices(name, { ...options, signal }),
  };
}

/** How many names of an SRV answer are resolved at once; a 64 KiB answer can have some two thousand. */
const MAX_NAMES_AT_ONCE = 16;

/** Resolves one name or service to targets. */
export class DnsLookup implements Lookup {
  readonly #source: DiscoverySource;
  readonly #resolver: Resolver;
  /** The last good addresses of each name in an SRV record. */
  #addresses = new Map<string, readonly string[]>();

  constructor(source: DiscoverySource, resolver: Resolver) {
    this.#source = source;
    this.#resolver = resolver;
  }

  get what(): string {
    return `resolve "${this.#source.kind === "dns" ? this.#source.host : this.#source.name}"`;
  }

  /** Looks up once. Rejects where no server answers, and with the signal's reason once it is aborted. */
  async ask(signal: AbortSignal): Promise<LookupAnswer> {
    return this.#source.kind === "dns"
      ? await this.#askAddresses(this.#source, signal)
      : await this.#askServices(this.#source.name, signal);
  }

  async #askAddresses(source: TcpSource, signal: AbortSignal): Promise<LookupAnswer> {
    const hosts = await this.#resolver.addresses(source.host, signal);
    if (hosts.length === 0) return { problem: `resolve "${source.host}": the answer has no address` };
    const targets = [...new Set(hosts)].map((host) => ({
      address: { kind: "tcp", host, port: source.port } as const,
      name: source.host.replace(/\.$/, ""),
      backupTier: 0,
      weight: undefined,
    }));
    return { targets };
  }

  async #askServices(name: string, signal: AbortSignal): Promise<LookupAnswer> {
    const records = await this.#resolver.services(name, signal);
    if (records.length === 0) return { problem: `resolve "${name}": the answer has no SRV record` };
    const usable = records.filter((record) => record.target !== "." && record.port !== 0);
    if (usable.length === 0) {
      if (records.some((record) => record.target === ".")) return { targets: [] };
      return { problem: `resolve "${name}": no record of the answer has a port` };
    }
    const { addresses, problem } = await this.#askNames(
      new Set(usable.map((record) => record.target)),
      signal,
    );
    this.#addresses = addresses;
    const targets = srvTargets(usable, (target) => addresses.get(target) ?? []);
    return targets.length === 0 ? { problem } : { targets, problem };
  }

  /** Resolves names; a failing one keeps its last good addresses. `problem` is the first failure. */
  async #askNames(names: ReadonlySet<string>, signal: AbortSignal): Promise<Names> {
    const addresses = new Map<string, readonly string[]>();
    let problem: string | undefined;
    // The workers share one iterator, so that each takes the next name.
    const queue = names.values();
    const work = async (): Promise<void> => {
      for (const name of queue) {
        let answer: readonly string[] = [];
        try {
          answer = await this.#resolver.addresses(name, signal);
          if (answer.length === 0) problem ??= `resolve "${name}": the answer has no address`;
        } catch (error) {
          problem ??= errorMessage(error);
        }
        addresses.set(name, answer.length > 0 ? answer : this.#addresses.get(name) ?? []);
      }
    };
    await Promise.all(Array.from({ length: MAX_NAMES_AT_ONCE }, work));
    return { addresses, problem };
  }
}

type TcpSource = Extract<DiscoverySource, { kind: "dns" }>;

interface Names {
  readonly addresses: Map<string, readonly string[]>;
  readonly problem: string | undefined;
}
