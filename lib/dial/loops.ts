/**
 * Detects targets that lead back to the running proxy, by a name or address that only the machine knows to be its
 * own. One client would create connections until no app has a file descriptor left.
 *
 * @module
 */
import { type Address, type Clock, formatAddress, monotonicClock } from "../base/mod.ts";
import { type Connection, runtimeTransport } from "../net/mod.ts";
import { type Crossing, Crossings } from "./crossings.ts";
import { type KnownListener, nameOf, type OwnListener, type OwnListeners } from "./own_listeners.ts";

/** A target that leads back to the proxy. Its code is {@link LOOP}. */
export class LoopError extends Error {
  override readonly name = "LoopError";
  readonly code = LOOP;
}

/** Code of a dial that led back to the proxy. (The kernel's ELOOP is about symbolic links.) */
export const LOOP = "LOOP";

/** The client that a connection is dialed for. */
export interface LoopClient {
  /** The listener it came to. */
  readonly listener: Address;
  /** Where it came from. */
  readonly peer: Address;
}

export interface LoopsOptions {
  /** Memory shared by all threads; default: this thread is the only one. */
  readonly memory?: SharedArrayBuffer | undefined;
  /** Number of this thread; default 0. */
  readonly worker?: number | undefined;
  /** Default: the runtime's. */
  readonly clock?: Clock;
}

/**
 * How long a target that led back is not dialed from the same listener again. Each dial is a connection that is
 * accepted here and dials in turn, so without a pause one client would keep the proxy busy forever.
 */
const PAUSE_MS = 10_000;

/** How often a connection may return to an app that routes by server name or protocol, which may differ each time. */
const RETURNS = 3;

/** Longest path from listener to listener; anything longer counts as a loop. */
const MAX_WAY = 64;

/** Finds loops of connections between this proxy's listeners, across all threads. */
export class Loops {
  readonly listeners: OwnListeners;
  readonly #clock: Clock;
  readonly #options: LoopsOptions;
  #table: Crossings | undefined;
  /** Targets that must not be dialed for now, by listener and target. */
  readonly #paused = new Map<string, { readonly error: LoopError; readonly untilMs: number }>();

  constructor(listeners: OwnListeners, options: LoopsOptions = {}) {
    this.listeners = listeners;
    this.#options = options;
    this.#clock = options.clock ?? monotonicClock;
  }

  /**
   * Checks a target before it is dialed; returns why it must not be. A dial that certainly leads to another listener
   * of this proxy waits for a turn of the event loop; otherwise the other end would be accepted and dial in turn
   * before this end is recorded, endlessly.
   */
  before(client: LoopClient, target: Address): LoopError | Promise<LoopError | undefined> | undefined {
    const known = this.#paused.size === 0 ? undefined : this.#known(client.listener, target);
    if (known !== undefined) return known;
    if (target.kind !== "tcp" || !this.listeners.hasPort(target.port)) return undefined;
    const from = this.listeners.of(client.listener);
    const to = this.listeners.certainAt(target);
    if (from === undefined || to === undefined) return undefined;
    if (from === to && !to.isSelective) return this.#refuse(client.listener, target, [to.id]);
    return nextTurn().then(() => this.#refusal(client, target, { from, to }));
  }

  #known(listener: Address, target: Address): LoopError | undefined {
    const key = keyOf(listener, target);
    const paused = this.#paused.get(key);
    if (paused === undefined || this.#clock.nowMs() < paused.untilMs) return paused?.error;
    this.#paused.delete(key);
    return undefined;
  }

  /** Returns the refusal of a dial that would close a loop between two of the proxy's listeners. */
  #refusal(client: LoopClient, target: Address, ends: CrossingEnds): LoopError | undefined {
    const way = this.#wayBack(crossingOf(client, ends), ends.to);
    return way && this.#refuse(client.listener, target, way);
  }

  /**
   * Checks a fresh connection to a target. Returns `undefined` for one that leads elsewhere, as most do, and for one
   * that leads to another of the proxy's listeners a handle to dispose of when the connection is over.
   *
   * @throws {LoopError} for one that leads back; the caller closes it.
   */
  enter(conn: Connection, client: LoopClient, target: Address): Disposable | undefined {
    const { peer } = conn;
    if (peer.kind !== "tcp" || !this.listeners.hasPort(peer.port)) return undefined;
    const { local } = conn;
    if (local.kind !== "tcp") return undefined;
    const from = this.listeners.of(client.listener);
    const to = this.listeners.arrivalOf({ local, peer });
    if (from === undefined || to === undefined) return undefined;
    const refusal = this.#refusal(client, target, { from, to });
    if (refusal !== undefined) throw refusal;
    const crossing = crossingOf(client, { from, to });
    const { port } = local;
    this.#crossings.set(port, crossing);
    return { [Symbol.dispose]: () => this.#crossings.delete(port, crossing) };
  }

  get #crossings(): Crossings {
    const { memory, worker = 0 } = this.#options;
    return this.#table ??= new Crossings(memory ?? Crossings.allocate(), worker);
  }

  /** Returns the listeners around the loop that the crossing would close. */
  #wayBack({ from, to, clientPort }: Crossing, { isSelective }: OwnListener): number[] | undefined {
    const way = [from];
    const limit = isSelective ? RETURNS : 0;
    let returns = 0;
    let at = from;
    let port = clientPort;
    while (way.length < MAX_WAY) {
      if (at === to && ++returns > limit) return way.slice(0, way.indexOf(to) + 1).reverse();
      const before = this.#crossings.get(port, at);
      if (before === undefined) return undefined;
      at = before.from;
      port = before.clientPort;
      way.push(at);
    }
    return way.reverse();
  }

  #refuse(listener: Address, target: Address, way: readonly number[]): LoopError {
    const error = new LoopError(`leads back to this proxy: ${this.#describe(way)}`);
    const nowMs = this.#clock.nowMs();
    for (const [key, { untilMs }] of this.#paused) if (untilMs <= nowMs) this.#paused.delete(key);
    this.#paused.set(keyOf(listener, target), { error, untilMs: nowMs + PAUSE_MS });
    return error;
  }

  /** Describes a loop the same way wherever it was entered: from the listener whose name sorts first. */
  #describe(way: readonly number[]): string {
    const names = way.map((id) => {
      const listener = this.listeners.get(id);
      return listener === undefined ? "a listener that has closed" : nameOf(listener);
    });
    const first = names.toSorted()[0] ?? "";
    const start = names.indexOf(first);
    return [...names.slice(start), ...names.slice(0, start), first].join(" → ");
  }
}

interface CrossingEnds {
  readonly from: KnownListener;
  readonly to: KnownListener;
}

function crossingOf({ peer }: LoopClient, { from, to }: CrossingEnds): Crossing {
  return { from: from.id, to: to.id, clientPort: peer.kind === "tcp" ? peer.port : 0 };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/**
 * Connects for a health check of one of an app's targets.
 *
 * @throws {LoopError} if the target is a listener of the app itself; otherwise as {@link connect}.
 */
export async function connectForCheck(
  address: Address,
  { app, listeners, signal }: { app: string; listeners: OwnListeners; signal: AbortSignal },
): Promise<Connection> {
  const refuse = (to: OwnListener | undefined): void => {
    if (to?.app === app) throw new LoopError(`leads back to this proxy: ${nameOf(to)}`);
  };
  if (address.kind === "tcp") refuse(listeners.certainAt(address));
  const conn = await runtimeTransport.connect(address, signal);
  const { local, peer } = conn;
  if (local.kind !== "tcp" || peer.kind !== "tcp") return conn;
  try {
    refuse(listeners.arrivalOf({ local, peer }));
    return conn;
  } catch (error) {
    conn.close();
    throw error;
  }
}

function keyOf(listener: Address, target: Address): string {
  return `${formatAddress(listener)} ${formatAddress(target)}`;
}
