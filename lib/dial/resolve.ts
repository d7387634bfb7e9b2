/**
 * DNS lookups; the only place in the program that does them.
 *
 * The runtime tells an empty answer (NXDOMAIN, no data) from no answer at all, but reports a server that refuses
 * (SERVFAIL, REFUSED) as an empty answer. So an empty answer proves nothing, and callers keep the last good targets.
 *
 * @module
 */
import {
  errorCode,
  errorMessage,
  formatAddress,
  formatIp,
  parseIp,
  type TcpAddress,
  unmapIp,
} from "../base/mod.ts";

/** Options of a lookup. */
export interface ResolveOptions {
  /** The server to ask; its host is an IP address. Default: the system's servers, then the system's own lookup. */
  readonly nameserver?: TcpAddress;
  /** Limit of the whole lookup in milliseconds. Default {@link RESOLVE_TIMEOUT_MS}. */
  readonly timeoutMs?: number;
  /** Ends the wait; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** The system's own lookup. Default `getaddrinfo`; tests pass their own. */
  readonly lookup?: (name: string) => Promise<readonly string[]>;
}

/** One SRV record (RFC 2782). */
export interface ServiceRecord {
  /** 0 to 65535; the lowest is tried first. */
  readonly priority: number;
  /** 0 to 65535; the share among records of one priority. */
  readonly weight: number;
  readonly port: number;
  /**
   * An absolute name with its trailing dot; `.` alone means that the service is decidedly not available (RFC 2782).
   */
  readonly target: string;
}

/** A failed lookup. An empty answer is not a failure. */
export class ResolveError extends Error {
  override readonly name = "ResolveError";
  /** As `errorCode` names it; `ETIMEDOUT` when the limit passed. */
  readonly code: string;

  constructor(message: string, options: { code: string; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.code = options.code;
  }
}

/** Default limit in milliseconds. The runtime's own is 15 s, longer than most clients wait. */
export const RESOLVE_TIMEOUT_MS = 5000;

/** Share of the limit for the DNS where the system's lookup comes after it. */
const DNS_SHARE = 0.8;

/**
 * Resolves a name to its addresses, canonical, deduplicated and sorted, so that replicas agree. A and AAAA are
 * queried in parallel; if one fails, the other's answer stands. Returns an empty array for a name without addresses,
 * and an IP address as is.
 *
 * The runtime reads `/etc/hosts` first, even with a `nameserver`. Without one, a name unknown to both is looked up
 * with `getaddrinfo`, which covers whatever else the system is configured for, such as multicast DNS. That comes
 * last, because it cannot be cancelled.
 *
 * @throws {ResolveError} when no server answered.
 * @throws the signal's reason, once it is aborted.
 */
export async function resolveAddresses(name: string, options: ResolveOptions = {}): Promise<string[]> {
  const literal = parseIp(name.replace(/\.$/, ""));
  if (literal !== undefined) return [formatIp(unmapIp(literal))];
  const { nameserver, timeoutMs = RESOLVE_TIMEOUT_MS, lookup = systemLookup } = options;
  if (nameserver !== undefined) return canonical(await askBothFamilies(name, options, timeoutMs));

  const endsAtMs = performance.now() + timeoutMs;
  let failure: unknown;
  try {
    const answers = await askBothFamilies(name, options, timeoutMs * DNS_SHARE);
    if (answers.length > 0) return canonical(answers);
  } catch (error) {
    if (options.signal?.aborted) throw error;
    failure = error;
  }
  try {
    const left = Math.max(0, endsAtMs - performance.now());
    return canonical(
      await limited((signal) => orAborted(lookup(name), signal), { name, options, limitMs: left }),
    );
  } catch (error) {
    if (options.signal?.aborted) throw error;
    if (failure !== undefined) throw failure;
    // The DNS answered that there are no records, and the system knows none either.
    if (errorCode(error) === "ENOTFOUND") return [];
    throw error;
  }
}

/**
 * The addresses of a name as the system's own lookup has them (`getaddrinfo`: `/etc/hosts` first), canonical, each once
 * and in one order. For names of this machine, of which the DNS may know nothing. A name without addresses gives none.
 *
 * @throws {ResolveError} when the system could not answer, or the runtime's permissions forbid it (`EPERM`).
 */
export async function lookUpName(name: string, options: ResolveOptions = {}): Promise<string[]> {
  const { timeoutMs: limitMs = RESOLVE_TIMEOUT_MS, lookup = systemLookup } = options;
  try {
    const asked = (signal: AbortSignal): Promise<readonly string[]> => orAborted(lookup(name), signal);
    return canonical(await limited(asked, { name, options, limitMs }));
  } catch (error) {
    if (errorCode(error) === "ENOTFOUND") return [];
    throw error;
  }
}

/** Longest chain of aliases from a service name to its records; resolvers follow about as many. */
const MAX_ALIASES = 8;

/**
 * Returns the SRV records of a name, sorted by priority, then by target and port; an empty array for none.
 *
 * The runtime loses the records of an alias (CNAME, RFC 1034 section 3.6.2) when the server sends both at once, as
 * most do. So if there seem to be no records, the alias is queried, and then its records.
 *
 * @throws {ResolveError} when no server answered.
 * @throws the signal's reason, once it is aborted.
 */
export async function resolveServices(name: string, options: ResolveOptions = {}): Promise<ServiceRecord[]> {
  const limitMs = options.timeoutMs ?? RESOLVE_TIMEOUT_MS;
  const ask = (signal: AbortSignal): Promise<Deno.SrvRecord[]> =>
    askAliased(name, queryOptions(options, signal));
  const records = await limited(ask, { name, options, limitMs });
  return records
    .map(({ priority, weight, port, target }) => ({ priority, weight, port, target }))
    .sort((a, b) => a.priority - b.priority || compareText(a.target, b.target) || a.port - b.port);
}

async function askAliased(name: string, query: Deno.ResolveDnsOptions): Promise<Deno.SrvRecord[]> {
  let asked = name;
  for (let aliases = 0; aliases <= MAX_ALIASES; aliases++) {
    const records = await orEmpty(Deno.resolveDns(asked, "SRV", query));
    if (records.length > 0) return records;
    const [alias] = await orEmpty(Deno.resolveDns(asked, "CNAME", query));
    if (alias === undefined) return [];
    asked = alias;
  }
  throw new Error(`more than ${MAX_ALIASES} aliases (CNAME) in a row, or a loop of them`);
}

async function askBothFamilies(name: string, options: ResolveOptions, limitMs: number): Promise<string[]> {
  const families = ["A", "AAAA"] as const;
  return await limited(async (signal) => {
    const query = queryOptions(options, signal);
    const asked = families.map((family) => orEmpty(Deno.resolveDns(name, family, query)));
    const answers = await Promise.allSettled(asked);
    const addresses = answers.flatMap((answer) => answer.status === "fulfilled" ? answer.value : []);
    const failed = answers.find((answer) => answer.status === "rejected");
    if (addresses.length === 0 && failed !== undefined) throw failed.reason;
    return addresses;
  }, { name, options, limitMs });
}

interface Limits {
  readonly name: string;
  readonly options: ResolveOptions;
  readonly limitMs: number;
}

/**
 * Runs `ask` with a signal that is aborted at the limit or by the caller, and wraps its errors in {@link
 * ResolveError}.
 */
async function limited<T>(ask: (signal: AbortSignal) => Promise<T>, limits: Limits): Promise<T> {
  const { name, limitMs } = limits;
  const { nameserver, signal: outer } = limits.options;
  outer?.throwIfAborted();
  const controller = new AbortController();
  const forward = (): void => controller.abort(outer?.reason);
  outer?.addEventListener("abort", forward);
  const timer = setTimeout(() => controller.abort(), limitMs);
  try {
    return await ask(controller.signal);
  } catch (cause) {
    outer?.throwIfAborted();
    const at = nameserver === undefined ? "" : ` at ${formatAddress(nameserver)}`;
    const timedOut = controller.signal.aborted;
    const what = timedOut ? `no answer within ${Math.round(limitMs)} ms` : errorMessage(cause);
    throw new ResolveError(`resolve "${name}"${at}: ${what}`, {
      code: timedOut ? "ETIMEDOUT" : errorCode(cause),
      cause,
    });
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener("abort", forward);
  }
}

/** Abandons a promise that takes no signal when `signal` is aborted. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** Turns NotFound into an empty answer. */
async function orEmpty<T>(asked: Promise<T[]>): Promise<T[]> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function queryOptions({ nameserver }: ResolveOptions, signal: AbortSignal): Deno.ResolveDnsOptions {
  return nameserver === undefined
    ? { signal }
    : { signal, nameServer: { ipAddr: nameserver.host, port: nameserver.port } };
}

/**
 * The addresses of a name as `getaddrinfo(3)` orders them, if the runtime's permissions include the name. It cannot be
 * cancelled.
 *
 * @throws the system's error; ENOTFOUND for a name without addresses.
 */
export async function systemLookup(name: string): Promise<string[]> {
  // Loaded on first use: most proxies never need it, and loading takes some milliseconds.
  const { default: process } = await import("node:process");
  // Deno 2.6 warns on stderr of a module that its own node:dns loads.
  Object.assign(process, { noDeprecation: true });
  const { lookup } = await import("node:dns/promises");
  return (await lookup(name, { all: true })).map((entry) => entry.address);
}

/** Canonical spelling, deduplicated, sorted. Drops addresses with a zone, because they name an interface. */
function canonical(addresses: readonly string[]): string[] {
  const known = new Set<string>();
  for (const address of addresses) {
    const bytes = parseIp(address);
    if (bytes !== undefined) known.add(formatIp(unmapIp(bytes)));
  }
  return [...known].sort(compareText);
}

/** Compares by code units, which is the same on every machine. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
