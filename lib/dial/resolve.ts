/**
 * Asking the DNS: the only place of the program that does.
 *
 * The runtime tells an answer without records (NXDOMAIN, no data) from no answer at all, but shows a server that
 * refuses (SERVFAIL, REFUSED) as an answer without records. So an empty answer proves nothing, and whoever holds
 * targets by it keeps the last good ones.
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

/** How to ask. */
export interface ResolveOptions {
  /** Who is asked; its host is an IP address. Default the system's servers, and then the system's own lookup. */
  readonly nameserver?: TcpAddress;
  /** The limit of the whole in milliseconds. Default {@link RESOLVE_TIMEOUT_MS}. */
  readonly timeoutMs?: number;
  /** Ends the wait; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** The system's own lookup. Default `getaddrinfo`; a test gives its own. */
  readonly lookup?: (name: string) => Promise<readonly string[]>;
}

/** One SRV record (RFC 2782). */
export interface ServiceRecord {
  /** 0 to 65535; the lowest is tried first. */
  readonly priority: number;
  /** 0 to 65535; the share among records of one priority. */
  readonly weight: number;
  readonly port: number;
  /** An absolute name with its closing dot; `.` alone says that the service is decidedly not available here. */
  readonly target: string;
}

/** A name could not be asked about. An answer without records is none of these. */
export class ResolveError extends Error {
  override readonly name = "ResolveError";
  /** As `errorCode` names it; `ETIMEDOUT` when the limit passed. */
  readonly code: string;

  constructor(message: string, options: { code: string; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.code = options.code;
  }
}

/** The default limit in milliseconds. The runtime's own is 15 s, longer than most clients wait. */
export const RESOLVE_TIMEOUT_MS = 5000;

/** The part of the limit that the DNS may use where the system's lookup comes after it. */
const DNS_SHARE = 0.8;

/**
 * The addresses of a name, canonical, each once and in one order, so that replicas agree. A and AAAA records are asked
 * for at once; one of them failing is no failure while the other has answers. A name without addresses gives none. An
 * IP address is its own answer.
 *
 * The runtime reads `/etc/hosts` before it asks, also where there is a `nameserver`. Without one, a name of which neither
 * knows anything is looked up as the system does it (`getaddrinfo`), with what else is configured there: multicast DNS,
 * for instance. That comes last, because it cannot be cancelled.
 *
 * @throws {ResolveError} when nobody could answer.
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
    // The DNS has answered that there is nothing, and the system knows no better.
    if (errorCode(error) === "ENOTFOUND") return [];
    throw error;
  }
}

/** The longest chain of aliases from the name of a service to its records; resolvers follow about as many. */
const MAX_ALIASES = 8;

/**
 * The SRV records of a name, in the order of priority, then of target and port. A name without records gives none.
 *
 * The runtime loses the records of an alias (CNAME, RFC 1034 section 3.6.2) where the server sends both at once, as most
 * do: so where there seem to be none, the alias is asked for, and its records.
 *
 * @throws {ResolveError} when nobody could answer.
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
  throw new Error(`it is an alias of an alias more than ${MAX_ALIASES} times, or goes round`);
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
 * Runs `ask` with a signal that is aborted at the limit or by the caller, and gives what it says in the words of this
 * file.
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

/** For a promise that heeds no signal; it is left behind. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** An answer without records is an answer. */
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

/** Cannot be cancelled: the wait for it can. */
async function systemLookup(name: string): Promise<string[]> {
  // Loaded when it is needed: most proxies never come here, and its start costs some milliseconds.
  const { lookup } = await import("node:dns/promises");
  return (await lookup(name, { all: true })).map((entry) => entry.address);
}

/** One spelling an address, each once, in one order. An address with a zone names an interface and is left out. */
function canonical(addresses: readonly string[]): string[] {
  const known = new Set<string>();
  for (const address of addresses) {
    const bytes = parseIp(address);
    if (bytes !== undefined) known.add(formatIp(unmapIp(bytes)));
  }
  return [...known].sort(compareText);
}

/** By code units, which is the same on every machine. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
