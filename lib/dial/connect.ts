/**
 * One connection to one address: the only place of the program that calls the runtime's connect.
 *
 * @module
 */
import { type Address, errorCode, parseIp } from "../base/mod.ts";
import { type AddressedDuplex, runtimeAtLeast, SettlingDuplex } from "../runtime/mod.ts";
import { refuseItself } from "./_itself.ts";

/** A connection to a target. Whoever is handed it owns it. */
export type Dialed = AddressedDuplex;

/**
 * Connects to `address`; a name with several addresses is tried at all of them (RFC 8305, by the runtime where it does
 * that).
 *
 * @param signal of this dial alone.
 * @throws the runtime's error, ECONNREFUSED too where the connection has met itself; an abort's is that of the signal.
 */
export async function connect(address: Address, signal: AbortSignal): Promise<Dialed> {
  const conn = await connectAny(address, signal);
  return CLOSE_SETTLES_WRITES ? conn : new SettlingDuplex(conn);
}

async function connectAny(address: Address, signal: AbortSignal): Promise<Dialed> {
  if (address.kind === "unix") return await connectUnix(address.path, signal);
  try {
    return refuseItself(await connectTcp(address.host, address.port, signal));
  } catch (error) {
    if (HAS_HAPPY_EYEBALLS || signal.aborted || parseIp(address.host) !== undefined) throw error;
    return await connectOthers(address.host, address.port, { error, signal });
  }
}

/**
 * `signal` has been an option of `Deno.connect` since 2.6, the type of it only later.
 *
 * At its end the runtime asks the signal once more, and where it was aborted meanwhile throws away a connection that has
 * been made, without closing it: this process and the target would hold it for ever. That happens to every connection
 * that the kernel completes while the thread is busy, when a timer is what aborts (`connect_timeout`, a sweep). So the
 * runtime is not told at its end, and the connection is closed here.
 */
async function connectTcp(hostname: string, port: number, signal: AbortSignal): Promise<Deno.TcpConn> {
  signal.throwIfAborted();
  const options: Deno.ConnectOptions & { signal: AbortSignal } = { hostname, port, signal };
  const connecting = Deno.connect(options);
  signal.throwIfAborted = neverThrows;
  let conn: Deno.TcpConn;
  try {
    conn = await connecting;
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    Reflect.deleteProperty(signal, "throwIfAborted");
  }
  if (!signal.aborted) return conn;
  conn.close();
  throw signal.reason;
}

function neverThrows(): void {}

/** A unix connect does not wait (a full backlog answers EAGAIN), and takes no signal. */
async function connectUnix(path: string, signal: AbortSignal): Promise<Deno.UnixConn> {
  const conn = await Deno.connect({ transport: "unix", path });
  if (!signal.aborted) return conn;
  conn.close();
  throw signal.reason;
}

/** Deno 2.9 tries every address of a name, 2.6 the first one alone. */
const HAS_HAPPY_EYEBALLS = runtimeAtLeast(2, 9);

/** Deno 2.9 settles a write when its connection is closed. */
const CLOSE_SETTLES_WRITES = runtimeAtLeast(2, 9);

async function connectOthers(
  host: string,
  port: number,
  first: { error: unknown; signal: AbortSignal },
): Promise<Deno.TcpConn> {
  const code = errorCode(first.error);
  if (code === "ENOTFOUND" || code === "NOT_CAPABLE") throw first.error;
  let last = first.error;
  for (const address of await addressesOf(host)) {
    if (first.signal.aborted) break;
    try {
      return refuseItself(await connectTcp(address, port, first.signal));
    } catch (error) {
      // A sandbox that allows the name need not allow its addresses; what the name itself answered says more.
      if (errorCode(error) !== "NOT_CAPABLE") last = error;
    }
  }
  throw last;
}

async function addressesOf(host: string): Promise<string[]> {
  try {
    const { lookup } = await import("node:dns/promises");
    return (await lookup(host, { all: true })).map((entry) => entry.address);
  } catch {
    // The first answer stands: this is a second chance and not a source of errors of its own.
    return [];
  }
}
