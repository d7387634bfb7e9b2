import { type Address, formatAddress, type ProxyVersion, type TargetAddress } from "../base/mod.ts";

/** What the config, or discovery, says of a target. */
export interface TargetSpec {
  readonly address: TargetAddress;
  /** What metrics and status call the target; default the address as text. */
  readonly label?: string;
  /** 0 (no new connections) to 256; default 1. */
  readonly weight?: number;
  /** 0 for primaries; each higher tier is used only when no lower one has a target that can be; default 0. */
  readonly tier?: number;
  /** Connections at once; default no limit. */
  readonly maxConnections?: number;
  /** The name that TLS and checks ask for; default the host of the address. */
  readonly serverName?: string | undefined;
  /** The PROXY header that its connections begin with; default none. */
  readonly sendProxy?: ProxyVersion | undefined;
  /** Tells targets that are checked in different ways apart; default it is not checked. */
  readonly checkedAs?: string | undefined;
  /** Its places, where other threads take from them too; default it counts its own connections alone. */
  readonly places?: TargetPlaces | undefined;
}

/** The places of a target that several threads connect to. Between a look and {@link TargetPlaces.tryTake} another may come. */
export interface TargetPlaces {
  readonly free: number;
  tryTake(): boolean;
  giveBack(): void;
}

/** A target as one connection dials it. */
export interface Candidate {
  readonly target: Target;
  readonly address: Address;
  /** The address as text. */
  readonly label: string;
}

/** One target of a pool, with what is known of it at this moment. Only its pool changes it. */
export class Target {
  readonly label: string;
  readonly address: TargetAddress;
  readonly maxConnections: number;
  readonly sendProxy: ProxyVersion | undefined;
  readonly places: TargetPlaces | undefined;
  /** The name that TLS and checks ask for, where its address is not found by it. */
  serverName: string | undefined;
  /** How it is checked, in the words of whoever does; `undefined` for not at all. */
  checkedAs: string | undefined;
  /** Its rank: 0 for primaries. */
  tier: number;
  /** Connections that dial it or are relayed to it. */
  active = 0;
  /** Its configured weight. */
  weight: number;
  /** What active checks say; a target that nobody checks is up. */
  up = true;
  /** Whether passive health has taken it out of use for a time. */
  ejected = false;
  /** When it came (back) into use, on the pool's clock: the beginning of its slow start. */
  usableSinceMs = -Infinity;
  readonly #candidates = new Map<number, Candidate>();

  constructor(spec: TargetSpec) {
    this.address = spec.address;
    this.label = spec.label ?? formatAddress(spec.address);
    this.weight = spec.weight ?? 1;
    this.tier = spec.tier ?? 0;
    this.maxConnections = spec.maxConnections ?? Infinity;
    this.serverName = spec.serverName;
    this.checkedAs = spec.checkedAs;
    this.sendProxy = spec.sendProxy;
    this.places = spec.places;
  }

  /** Whether it should get connections, for all that is known of its health. */
  get usable(): boolean {
    return this.up && !this.ejected && this.weight > 0;
  }

  /** How many more connections it may have at this moment. */
  get free(): number {
    return this.places?.free ?? this.maxConnections - this.active;
  }

  get full(): boolean {
    return this.free <= 0;
  }

  /** The target for a client that came to `port`, which only a target written `host:*` depends on. */
  at(port: number): Candidate {
    const key = this.address.kind === "same_port" ? port : 0;
    let candidate = this.#candidates.get(key);
    if (candidate === undefined) {
      const address: Address = this.address.kind === "same_port"
        ? { kind: "tcp", host: this.address.host, port }
        : this.address;
      candidate = { target: this, address, label: formatAddress(address) };
      this.#candidates.set(key, candidate);
    }
    return candidate;
  }
}
