import { ipv4Number, parseIp, unmapIp } from "../base/mod.ts";
import { Guard } from "./guard.ts";
import { TokenBucket, type TokenBucketOptions } from "./token_bucket.ts";

/** Limits per client. */
export interface ClientLimits {
  /** Concurrent connections; default no limit. */
  readonly maxConnections?: number;
  /** Rate of new connections; default no limit. */
  readonly acceptRate?: TokenBucketOptions | undefined;
  /** Clients without a connection to remember; default 65,536, which take about 15 MB. */
  readonly maxRemembered?: number;
}

/** A guard that counts the connection until it is disposed of, or the reason for a refusal. */
export type ClientAdmission = Disposable | "limit" | "rate_limit";

/**
 * Limits connections and their rate per client: {@link ClientTable} in one thread, `SharedClientTable` across
 * threads.
 */
export interface ClientLimiter {
  /** Admits a connection, or returns the reason for a refusal. A refusal costs the client nothing of its rate. */
  admit(address: string, nowMs: number): ClientAdmission;
}

const DEFAULT_MAX_REMEMBERED = 65_536;

/** Oldest entries checked per connection, so that no connection pays for a long sweep. */
const FORGET_PER_ADMISSION = 2;

/**
 * Limits connections and their rate per client, in one thread.
 *
 * A client is an IPv4 address or an IPv6 /64. A /64 is the smallest network that is assigned (RFC 6177), and any host
 * in it can use as many addresses as it likes (RFC 8981), so a limit per IPv6 address would limit nobody.
 *
 * A client is remembered while it has a connection (the process bounds these), and then until its bucket is full
 * again. At most `maxRemembered` clients without a connection are kept, and the least recently active one is evicted
 * first: a flood from a million addresses takes no more memory than that. The price is that a client whose rate is
 * forgotten starts afresh; one that keeps connecting stays recent and is not evicted.
 */
export class ClientTable implements ClientLimiter {
  #maxConnections: number;
  /** Rate of a new client; `undefined` for no limit. */
  #rate: TokenBucketOptions | undefined;
  readonly #maxRemembered: number;
  readonly #clients = new Map<ClientKey, Client>();
  /**
   * Clients without a connection. The map's own order would not do: to find its first entry, a map steps over all
   * that were deleted before it, which took 70 microseconds per connection with 65,536 clients.
   */
  readonly #away = new AwayList();

  constructor(limits: ClientLimits) {
    this.#maxConnections = limits.maxConnections ?? Infinity;
    this.#rate = limits.acceptRate;
    this.#maxRemembered = limits.maxRemembered ?? DEFAULT_MAX_REMEMBERED;
  }

  /** Replaces the limits. Counted connections stay counted; if the rate differs, every client starts afresh. */
  update(
    { maxConnections = Infinity, acceptRate }: Pick<ClientLimits, "maxConnections" | "acceptRate">,
  ): void {
    this.#maxConnections = maxConnections;
    const before = this.#rate;
    if (acceptRate?.ratePerSecond === before?.ratePerSecond && acceptRate?.burst === before?.burst) return;
    this.#rate = acceptRate;
    for (const client of this.#clients.values()) client.rate = undefined;
    for (let { oldest } = this.#away; oldest !== undefined; oldest = this.#away.oldest) this.#forget(oldest);
  }

  /** Number of known clients. */
  get size(): number {
    return this.#clients.size;
  }

  /** Returns the number of connections of this client. */
  active(address: string): number {
    return this.#clients.get(clientKey(address))?.active ?? 0;
  }

  /** Admits a connection, or returns the reason for a refusal. A refusal costs the client nothing of its rate. */
  admit(address: string, nowMs: number): ClientAdmission {
    this.#forgetPaidOff(nowMs);
    const key = clientKey(address);
    const client = this.#clients.get(key) ?? this.#begin(key);
    if (this.#rate !== undefined) client.rate ??= new TokenBucket(this.#rate, nowMs);
    if (client.active === 0) this.#away.remove(client);
    const refusal = this.#refusal(client, nowMs);
    if (refusal === undefined) client.active++;
    if (client.active === 0) this.#remember(client);
    return refusal ?? new Guard(() => this.#leave(client));
  }

  #begin(key: ClientKey): Client {
    const client: Client = { key, rate: undefined, active: 0, older: undefined, newer: undefined };
    this.#clients.set(key, client);
    return client;
  }

  #refusal(client: Client, nowMs: number): "limit" | "rate_limit" | undefined {
    if (client.active >= this.#maxConnections) return "limit";
    return client.rate === undefined || client.rate.tryTake(nowMs) ? undefined : "rate_limit";
  }

  #leave(client: Client): void {
    if (--client.active === 0) this.#remember(client);
  }

  #remember(client: Client): void {
    if (client.rate === undefined) {
      this.#clients.delete(client.key);
      return;
    }
    this.#away.add(client);
    if (this.#away.size > this.#maxRemembered) this.#forgetOldest();
  }

  #forgetPaidOff(nowMs: number): void {
    for (let looked = 0; looked < FORGET_PER_ADMISSION; looked++) {
      if (this.#away.oldest?.rate?.isFull(nowMs) !== true) return;
      this.#forgetOldest();
    }
  }

  #forgetOldest(): void {
    const { oldest } = this.#away;
    if (oldest !== undefined) this.#forget(oldest);
  }

  #forget(client: Client): void {
    this.#away.remove(client);
    this.#clients.delete(client.key);
  }
}

type ClientKey = string | number;

interface Client {
  readonly key: ClientKey;
  rate: TokenBucket | undefined;
  active: number;
  /** Neighbours in the {@link AwayList}. */
  older: Client | undefined;
  newer: Client | undefined;
}

/** The clients without a connection, linked in the order in which they left. */
class AwayList {
  #oldest: Client | undefined;
  #newest: Client | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get oldest(): Client | undefined {
    return this.#oldest;
  }

  add(client: Client): void {
    client.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = client;
    else this.#newest.newer = client;
    this.#newest = client;
    this.#size++;
  }

  /** Removes a client, if it is in the list. */
  remove(client: Client): void {
    const { older, newer } = client;
    if (older === undefined && this.#oldest !== client) return;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    client.older = undefined;
    client.newer = undefined;
    this.#size--;
  }
}

/** Returns a number for IPv4, the /64 as text for IPv6, and any other text as is. */
function clientKey(address: string): ClientKey {
  const ipv4 = ipv4Number(address);
  if (ipv4 !== undefined) return ipv4;
  const parsed = parseIp(address);
  if (parsed === undefined) return address;
  const bytes = unmapIp(parsed);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const first = view.getUint32(0);
  return bytes.length === 4 ? first : `${first.toString(36)}:${view.getUint32(4).toString(36)}`;
}
