import { type Address, formatAddress, formatIp, isLoopback, parseIp, unmapIp } from "../base/mod.ts";

/** One of this proxy's listeners, as a dial may arrive at it. */
export interface OwnListener {
  /** Its app's name. */
  readonly app: string;
  /** What is bound: with the port that the system chose. */
  readonly address: Address;
  /** Whether its app sends connections different ways by server name or protocol, so that one may rightly come back. */
  readonly isSelective: boolean;
}

/** The two ends of a TCP connection. */
export interface Ends {
  readonly localAddr: Deno.NetAddr;
  readonly remoteAddr: Deno.NetAddr;
}

/** A listener that dials are compared with. */
export interface KnownListener extends OwnListener {
  /** A number that stands for its address, the same in every thread. */
  readonly id: number;
}

/** The TCP listeners of this proxy, and which connections and addresses lead to them. */
export class OwnListeners {
  #byPort = new Map<number, KnownListener[]>();
  #byAddress = new Map<Address, KnownListener>();
  /** Addresses of this machine, as far as clients have come to them. */
  readonly #local = new Set<string>();

  /** Knows these from now on, in place of those before. */
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

  /** Whether one of them has this port. Asked of every dial. */
  hasPort(port: number): boolean {
    return this.#byPort.has(port);
  }

  /** The listener of this very address object. */
  of(address: Address): KnownListener | undefined {
    return this.#byAddress.get(address);
  }

  /** The listener of this number. */
  get(id: number): KnownListener | undefined {
    for (const listener of this.#byAddress.values()) if (listener.id === id) return listener;
    return undefined;
  }

  /** Learns an address of this machine: a client has come to it. The source of a dial to it may be another one. */
  noteLocal(host: string): void {
    this.#local.add(host);
  }

  /** Where a connection that was just made has arrived; `undefined` where that is none of them. */
  arrivalOf({ localAddr, remoteAddr }: Ends): KnownListener | undefined {
    const { hostname, port } = remoteAddr;
    return this.#find(hostname, port, localAddr.hostname === hostname);
  }

  /** Where a dial to this address would arrive, as far as that is certain before it is made. */
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

/** FNV-1a, 31 bits. Two listeners with one number would be taken for one on a way round, and for no more. */
function idOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 1;
}

/** Whether an address says "none in particular" (`0.0.0.0`, `::`), which a dial takes for this machine. */
export function isUnspecified(host: string): boolean {
  const bytes = parseIp(host);
  return bytes !== undefined && unmapIp(bytes).every((byte) => byte === 0);
}

/** Whether a listener takes what comes to this local address without naming it: a wildcard, or a name. */
function takesAnyOf(listener: string, host: string): boolean {
  if (listener === "0.0.0.0") return !host.includes(":");
  return listener === "::" || parseIp(listener) === undefined;
}

function canonical(host: string): string {
  const bytes = parseIp(host);
  return bytes === undefined ? host.toLowerCase() : formatIp(unmapIp(bytes));
}

/** `app "web" (0.0.0.0:80)`. */
export function nameOf({ app, address }: OwnListener): string {
  return `app "${app}" (${formatAddress(address)})`;
}
