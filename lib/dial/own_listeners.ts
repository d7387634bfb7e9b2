import {
  type Address,
  formatAddress,
  formatIp,
  isLoopback,
  parseIp,
  type TcpAddress,
  unmapIp,
} from "../base/mod.ts";

/** A listener of this proxy, which a dial may arrive at. */
export interface OwnListener {
  /** Name of its app. */
  readonly app: string;
  /** The bound address, with the port that the system chose. */
  readonly address: Address;
  /** Whether its app routes by server name or protocol, so that a connection may legitimately come back. */
  readonly isSelective: boolean;
}

/** The two ends of a TCP connection. */
export interface Ends {
  readonly local: TcpAddress;
  readonly peer: TcpAddress;
}

/** A listener that dials are compared with. */
export interface KnownListener extends OwnListener {
  /** Identifies its address; the same in every thread. */
  readonly id: number;
}

/** More than a machine has, unless a whole network is local to it: then clients choose among any number. */
const MAX_LOCAL = 1024;

/** The TCP listeners of this proxy, and which connections and addresses lead to them. */
export class OwnListeners {
  #byPort = new Map<number, KnownListener[]>();
  #byAddress = new Map<Address, KnownListener>();
  /** Addresses of this machine, as seen from clients that connected to them; the oldest of too many is forgotten. */
  readonly #local = new Set<string>();

  /** Replaces all known listeners. */
  replace(listeners: readonly OwnListener[]): void {
    this.#byPort = new Map();
    this.#byAddress = new Map();
    for (const listener of listeners) {
      const { address } = listener;
      const known = { ...listener, id: idOf(formatAddress(address)) };
      this.#byAddress.set(address, known);
      if (address.kind === "unix") continue;
      const others = this.#byPort.get(address.port);
      if (others === undefined) this.#byPort.set(address.port, [known]);
      else others.push(known);
    }
  }

  /** Whether a listener has this port. Called for every dial. */
  hasPort(port: number): boolean {
    return this.#byPort.has(port);
  }

  /** Returns the listener of this very address object. */
  of(address: Address): KnownListener | undefined {
    return this.#byAddress.get(address);
  }

  /** Returns the listener with this id. */
  get(id: number): KnownListener | undefined {
    for (const listener of this.#byAddress.values()) if (listener.id === id) return listener;
    return undefined;
  }

  /**
   * Records an address of this machine that a client has connected to. A dial to it may have another source address.
   */
  noteLocal(host: string): void {
    if (this.#local.has(host)) return;
    if (this.#local.size === MAX_LOCAL) {
      const [oldest = ""] = this.#local;
      this.#local.delete(oldest);
    }
    this.#local.add(host);
  }

  /** Returns the listener at which a fresh connection has arrived, if any. */
  arrivalOf({ local, peer }: Ends): KnownListener | undefined {
    return this.#find(peer.host, peer.port, local.host === peer.host);
  }

  /** Returns the listener that a dial to this address is certain to reach, before it is made. */
  certainAt({ host, port }: { readonly host: string; readonly port: number }): KnownListener | undefined {
    return this.#find(host, port, isUnspecified(host));
  }

  #find(host: string, port: number, isLocal: boolean): KnownListener | undefined {
    const here = this.#byPort.get(port);
    if (here === undefined) return undefined;
    const wanted = canonical(host);
    const exact = here.find(({ address }) => address.kind === "tcp" && canonical(address.host) === wanted);
    if (exact !== undefined) return exact;
    if (!isLocal && !isLoopback(host) && !this.#local.has(host) && !this.#local.has(wanted)) return undefined;
    return here.find(({ address }) => address.kind === "tcp" && takesAnyOf(address.host, wanted));
  }
}

/** FNV-1a, 31 bits. Two listeners with the same id would only be mistaken for each other in a loop. */
function idOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 1;
}

/** Whether an address is unspecified (`0.0.0.0`, `::`), which a dial takes for this machine. */
export function isUnspecified(host: string): boolean {
  const bytes = parseIp(host);
  return bytes !== undefined && unmapIp(bytes).every((byte) => byte === 0);
}

/** Whether a listener accepts this local address without naming it: it is bound to a wildcard or a name. */
function takesAnyOf(listener: string, host: string): boolean {
  if (listener === "0.0.0.0") return !host.includes(":");
  return listener === "::" || parseIp(listener) === undefined;
}

function canonical(host: string): string {
  const bytes = parseIp(host);
  return bytes === undefined ? host.toLowerCase() : formatIp(unmapIp(bytes));
}

/** Formats a listener: `app "web" (0.0.0.0:80)`. */
export function nameOf({ app, address }: OwnListener): string {
  return `app "${app}" (${formatAddress(address)})`;
}
