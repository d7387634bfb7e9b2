import { type Address, errorCode, parseIp } from "../../base/mod.ts";
import { runtimeAtLeast } from "../../runtime/mod.ts";
import { abortSignalOf, type CancelSignal } from "../cancel.ts";
import type { Connection } from "../transport.ts";
import { refuseItself } from "./_itself.ts";
import { connectionOf } from "./connection.ts";

/** {@link Transport.connect} by the runtime, which tries the addresses of a name itself where it can. */
export async function connect(address: Address, signal: CancelSignal): Promise<Connection> {
  return connectionOf(await connectAny(address, abortSignalOf(signal)));
}

async function connectAny(address: Address, signal: AbortSignal): Promise<Deno.Conn> {
  if (address.kind === "unix") return await connectUnix(address.path, signal);
  try {
    return refuseItself(await connectTcp(address.host, address.port, signal));
  } catch (error) {
    if (HAS_HAPPY_EYEBALLS || signal.aborted || parseIp(address.host) !== undefined) throw error;
    return await connectOthers(address.host, address.port, { error, signal });
  }
}

/**
 * `signal` has been an option of `Deno.connect` since 2.6; its type came later.
 *
 * When the connect completes, the runtime checks the signal again. If it was aborted in the meantime, the runtime
 * drops the finished connection without closing it, and this process and the target hold it forever. This happens to
 * every connection that the kernel completes while the thread is busy, when a timer aborts (`connect_timeout`, a
 * sweep). So the check is disabled, and the connection is closed here.
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

/** Connects to a unix socket, which does not wait (a full backlog returns EAGAIN) and takes no signal. */
async function connectUnix(path: string, signal: AbortSignal): Promise<Deno.UnixConn> {
  const conn = await Deno.connect({ transport: "unix", path });
  if (!signal.aborted) return conn;
  conn.close();
  throw signal.reason;
}

/** Deno 2.9 tries every address of a name, 2.6 only the first. */
const HAS_HAPPY_EYEBALLS = runtimeAtLeast(2, 9);

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
      // A sandbox may allow the name but not its addresses; the error for the name itself says more.
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
    // The first error stands: this is a second chance, not a source of errors of its own.
    return [];
  }
}
