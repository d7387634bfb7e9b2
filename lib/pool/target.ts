import { type Address, formatAddress, type ProxyVersion, type TargetAddress } from "../base/mod.ts";

/** The health of a target: `down` by active checks, `ejected` by passive health. */
export type TargetHealth = "up" | "down" | "ejected";

/** Whether an operator lets a target take connections: `drain` lets live ones go on, `down` does not. */
export type TargetAdmin = "ready" | "drain" | "down";

/** A target as the config or discovery describes it, with what an operator has set at run time. */
export interface TargetSpec {
  readonly address: TargetAddress;
  /** The target's name in metrics and status; default the address as text. */
  readonly label?: string;
  /** 0 (no new connections) to 256; default 1. */
  readonly weight?: number;
  /** Its weight without what an operator has set; default `weight`. */
  readonly configuredWeight?: number;
  /** Default `ready`. */
  readonly admin?: TargetAdmin;
  /** 0 for primaries; a higher tier is used only when no lower one has a usable target. Default 0. */
  readonly tier?: number;
  /** The limit of simultaneous connections; default none. */
  readonly maxConnections?: number;
  /** The name for TLS and checks; default the host of the address. */
  readonly serverName?: string | undefined;
  /** The PROXY header that its connections start with; default none. */
  readonly sendProxy?: ProxyVersion | undefined;
  /** Identifies the check; targets with the same value share one. Default: no check. */
  readonly checkedAs?: string | undefined;
  /** Its places, where other threads use them too; default: it counts only its own connections. */
  readonly places?: TargetPlaces | undefined;
}

/**
 * The places of a target shared by several threads. Another thread may take the last one between reading `free` and
 * calling {@link TargetPlaces.tryTake}.
 */
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

/** One target of a pool with its current state. Only its pool changes it. */
export class Target {
  readonly label: string;
  readonly address: TargetAddress;
  readonly maxConnections: number;
  readonly sendProxy: ProxyVersion | undefined;
  readonly places: TargetPlaces | undefined;
  /** The name for TLS and checks, where the address does not contain it. */
  serverName: string | undefined;
  /** Identifies its check; `undefined` for none. */
  checkedAs: string | undefined;
  /** Its rank: 0 for primaries. */
  tier: number;
  /** Connections dialing or relayed to it. */
  active = 0;
  /** As an operator has set it, else as configured. */
  weight: number;
  configuredWeight: number;
  /** As an operator has set it. Checks and passive health go on beside it. */
  admin: TargetAdmin;
  /** The result of active checks; true for an unchecked target. */
  up = true;
  /** Whether passive health has ejected it. */
  ejected = false;
  /** Why active checks say that it is down, as they said it last. */
  downDetail = "";
  /** Why it was ejected last. */
  ejectedDetail = "";
  /** When its health last changed, in milliseconds since the Unix epoch; `undefined` where it never has. */
  changedAtMs: number | undefined;
  /** When it came (back) into use, on the pool's clock: the start of its slow start. */
  usableSinceMs = -Infinity;
  readonly #candidates = new Map<number, Candidate>();

  constructor(spec: TargetSpec) {
    this.address = spec.address;
    this.label = spec.label ?? formatAddress(spec.address);
    this.weight = spec.weight ?? 1;
    this.configuredWeight = spec.configuredWeight ?? this.weight;
    this.admin = spec.admin ?? "ready";
    this.tier = spec.tier ?? 0;
    this.maxConnections = spec.maxConnections ?? Infinity;
    this.serverName = spec.serverName;
    this.checkedAs = spec.checkedAs;
    this.sendProxy = spec.sendProxy;
    this.places = spec.places;
  }

  /** Whether its health, its weight and the operator allow connections. */
  get usable(): boolean {
    return this.up && !this.ejected && this.allowed;
  }

  get health(): TargetHealth {
    return this.up ? this.ejected ? "ejected" : "up" : "down";
  }

  /** Why it is down or ejected; empty while it is up. */
  get detail(): string {
    return { up: "", down: this.downDetail, ejected: this.ejectedDetail }[this.health];
  }

  /** Whether its weight and the operator allow connections, whatever its health. */
  get allowed(): boolean {
    return this.weight > 0 && this.admin === "ready";
  }

  /** How many more connections it may take now. */
  get free(): number {
    return this.places?.free ?? this.maxConnections - this.active;
  }

  get full(): boolean {
    return this.free <= 0;
  }

  /** Returns the candidate for a client that arrived at `port`; only `host:*` targets depend on it. */
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
